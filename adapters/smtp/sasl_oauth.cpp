#include "sasl_oauth.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "text.hpp"

namespace hawser::smtp {
namespace {

constexpr std::string_view separator("\x01", 1);

// The server's reason is JSON (RFC 7628 section 3.2.2); what is not is shown as it is.
std::string token_refusal(std::string_view challenge) {
    const nlohmann::json object = nlohmann::json::parse(challenge, nullptr, false);
    if (!object.is_object()) {
        return challenge.empty() ? std::string("it gave no reason") : '"' + shown(challenge) + '"';
    }
    std::string text;
    for (const char* name : {"status", "scope", "schemes"}) {
        if (const auto found = object.find(name); found != object.end() && found->is_string()) {
            text += (text.empty() ? "" : ", ") + std::string(name) + " \"" + shown(found->get<std::string>()) + '"';
        }
    }
    return text.empty() ? std::string("it gave no reason") : text;
}

class token_mechanism final : public sasl_mechanism {
public:
    token_mechanism(bool is_standard, bearer_settings settings)
        : is_standard_(is_standard), settings_(std::move(settings)) {}

    bool has_initial_response() const override { return true; }
    bool may_succeed() const override { return is_sent_ && problem_.empty(); }
    std::string server_problem() const override { return problem_; }

    secret_text respond(std::string_view challenge) override {
        if (!is_sent_) {
            is_sent_ = true;
            return is_standard_ ? standard_response() : early_response();
        }
        if (!problem_.empty()) {
            throw sasl_failure("the server goes on after it has refused the token");
        }
        problem_ = token_refusal(challenge);
        return is_standard_ ? secret_text(separator) : secret_text();  // then the server ends with its refusal
    }

private:
    secret_text standard_response() const {
        secret_text out("n,a=");
        for (const char& c : settings_.username) {
            out += c == '=' ? "=3D" : c == ',' ? "=2C" : std::string_view(&c, 1);
        }
        (((out += ",") += separator) += "host=") += settings_.host;
        ((out += separator) += "port=") += std::to_string(settings_.port);
        ((out += separator) += "auth=Bearer ") += settings_.token.view();
        return std::move((out += separator) += separator);
    }

    secret_text early_response() const {
        secret_text out("user=");
        (((out += settings_.username) += separator) += "auth=Bearer ") += settings_.token.view();
        return std::move((out += separator) += separator);
    }

    bool is_standard_;
    bearer_settings settings_;
    bool is_sent_ = false;
    std::string problem_;
};

}  // namespace

const std::vector<std::string>& token_mechanisms() {
    static const std::vector<std::string> names{"OAUTHBEARER", "XOAUTH2"};
    return names;
}

std::unique_ptr<sasl_mechanism> make_token_mechanism(std::string_view name, bearer_settings settings) {
    return std::make_unique<token_mechanism>(name == "OAUTHBEARER", std::move(settings));
}

}  // namespace hawser::smtp
