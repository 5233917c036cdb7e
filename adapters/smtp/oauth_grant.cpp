#include "oauth_grant.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sasl_base64.hpp"
#include "text.hpp"

namespace hawser::smtp {
namespace {

// application/x-www-form-urlencoded (RFC 6749 appendix B).
secret_text form_encoded(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    secret_text out;
    for (const char& c : text) {
        if (is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~') {
            out += std::string_view(&c, 1);
        } else {
            const auto byte = static_cast<unsigned char>(c);
            ((out += "%") += digits.substr(byte >> 4, 1)) += digits.substr(byte & 15U, 1);
        }
    }
    return out;
}

void add_field(secret_text& body, std::string_view name, std::string_view value) {
    ((body += body.is_empty() ? "" : "&") += name) += "=";
    body += form_encoded(value).view();
}

std::string text_of(const nlohmann::json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

// The value goes to memory that is wiped, and is wiped where it was.
secret_text take_secret(nlohmann::json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end() || !found->is_string()) {
        return {};
    }
    auto& value = found->get_ref<std::string&>();
    secret_text taken(value);
    OPENSSL_cleanse(value.data(), value.size());
    return taken;
}

// RFC 6749 section 5.2, and what an operator can do about it.
std::string advice_for(const std::string& error) {
    if (error == "invalid_client") {
        return "ClientId or ClientSecret is wrong, or the secret has expired";
    }
    if (error == "invalid_grant") {
        return "RefreshToken has expired or was revoked: get a new one";
    }
    if (error == "invalid_scope") {
        return "Scope is not one that it knows or allows to this client";
    }
    if (error == "unauthorized_client") {
        return "this client may not ask for tokens in this way";
    }
    if (error == "unsupported_grant_type") {
        return "it does not give tokens for this kind of grant: set or remove RefreshToken";
    }
    return "check TokenEndpoint, ClientId, ClientSecret and Scope";
}

token_answer refusal(unsigned http_status, const nlohmann::json& object) {
    token_answer answer;
    const std::string error = object.is_object() ? text_of(object, "error") : std::string{};
    const bool is_passing = http_status >= 500 || http_status == 408 || http_status == 429 ||
                            error == "temporarily_unavailable" || error == "server_error";
    answer.what = is_passing ? token_answer::kind::try_later : token_answer::kind::refused;
    answer.problem = "it answered " + std::to_string(http_status);
    if (!error.empty()) {
        answer.problem += " \"" + shown(error) + '"';
        if (const std::string description = text_of(object, "error_description"); !description.empty()) {
            answer.problem += " (" + shown(description) + ')';
        }
    }
    if (!is_passing) {
        answer.problem += ": " + advice_for(error);
    }
    return answer;
}

bool is_token(std::string_view text) {  // b64token of RFC 6750, without its narrowness
    return !text.empty() && text.size() <= token_size_max &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

bool is_this_machine(std::string_view host) { return host == "localhost" || host == "127.0.0.1" || host == "::1"; }

}  // namespace

bool parse_token_endpoint(std::string_view text, bool allows_clear_text, token_endpoint_address& found,
                          std::string& why) {
    const auto url = boost::urls::parse_uri({text.data(), text.size()});
    if (!url || url->host().empty() || url->has_userinfo() || url->has_fragment() ||
        (url->scheme() != "https" && url->scheme() != "http")) {
        why = "a token endpoint is written https://host[:port]/path";
        return false;
    }
    found.is_encrypted = url->scheme() == "https";
    found.host = url->host_type() == boost::urls::host_type::ipv6 ? url->host_address() : url->host();
    found.port = url->has_port() && !url->port().empty() ? std::string(url->port()) : found.is_encrypted ? "443" : "80";
    found.target = std::string(url->encoded_target());
    found.target = found.target.empty() || found.target.front() == '?' ? '/' + found.target : found.target;
    if (!found.is_encrypted && !(allows_clear_text && is_this_machine(found.host))) {
        why =
            "secrets and tokens travel only by https; http is for a server on this machine, and needs "
            "AllowClearTextCredentials";
        return false;
    }
    return true;
}

token_request make_token_request(const oauth_grant& grant) {
    token_request request;
    add_field(request.body, "grant_type", grant.refresh_token.is_empty() ? "client_credentials" : "refresh_token");
    if (!grant.refresh_token.is_empty()) {
        add_field(request.body, "refresh_token", grant.refresh_token.view());
    }
    if (!grant.scope.empty()) {
        add_field(request.body, "scope", grant.scope);
    }
    if (grant.client_secret.is_empty() || grant.sends_secret_in_body) {  // without a secret: section 3.2.1
        add_field(request.body, "client_id", grant.client_id);
        if (!grant.client_secret.is_empty()) {
            add_field(request.body, "client_secret", grant.client_secret.view());
        }
        return request;
    }
    secret_text pair = form_encoded(grant.client_id);
    (pair += ":") += form_encoded(grant.client_secret.view()).view();
    (request.authorization += "Basic ") += to_base64(pair.view()).view();
    return request;
}

token_answer read_token_answer(unsigned http_status, std::string_view body) {
    nlohmann::json object = nlohmann::json::parse(body, nullptr, false);
    if (http_status != 200) {
        return refusal(http_status, object);
    }
    token_answer answer;
    if (!object.is_object()) {
        answer.problem = "it answered 200 with something that is no JSON object";
        return answer;
    }
    answer.access_token = take_secret(object, "access_token");
    answer.refresh_token = take_secret(object, "refresh_token");
    if (!is_token(answer.access_token.view()) || !equals_ignoring_case(text_of(object, "token_type"), "Bearer")) {
        answer.problem = "it answered 200 without a Bearer token of at most " + std::to_string(token_size_max) +
                         " printable characters";
        answer.access_token = {};
        return answer;
    }
    const auto lifetime = object.find("expires_in");
    answer.lifetime_s = token_lifetime_default_s;
    if (lifetime != object.end() && lifetime->is_number()) {
        answer.lifetime_s = static_cast<int>(std::clamp(lifetime->get<double>(), 0.0, double{token_lifetime_max_s}));
    }
    answer.what = token_answer::kind::granted;
    return answer;
}

}  // namespace hawser::smtp
