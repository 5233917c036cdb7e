#include "sasl_mechanism.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "sasl_scram.hpp"

namespace hawser::smtp {
namespace {

// RFC 4616. The authorization identity stays empty: the server derives it.
class plain_mechanism final : public sasl_mechanism {
public:
    explicit plain_mechanism(sasl_credentials credentials) : credentials_(std::move(credentials)) {}

    bool has_initial_response() const override { return true; }
    bool may_succeed() const override { return is_sent_; }
    secret_text respond(std::string_view) override {
        if (is_sent_) {
            throw sasl_failure("the server asked for more than PLAIN has");
        }
        is_sent_ = true;
        const std::string_view nul("\0", 1);
        secret_text response(nul);
        ((response += credentials_.username) += nul) += credentials_.password.view();
        return response;
    }

private:
    sasl_credentials credentials_;
    bool is_sent_ = false;
};

// draft-murchison-sasl-login: name and password, each asked for; what the questions say means nothing.
class login_mechanism final : public sasl_mechanism {
public:
    explicit login_mechanism(sasl_credentials credentials) : credentials_(std::move(credentials)) {}

    bool has_initial_response() const override { return false; }
    bool may_succeed() const override { return answer_count_ == 2; }
    secret_text respond(std::string_view) override {
        switch (answer_count_++) {
        case 0: return secret_text(credentials_.username);
        case 1: return secret_text(credentials_.password.view());
        default: throw sasl_failure("the server asked for more than LOGIN has");
        }
    }

private:
    sasl_credentials credentials_;
    int answer_count_ = 0;
};

// RFC 2195.
class cram_md5_mechanism final : public sasl_mechanism {
public:
    explicit cram_md5_mechanism(sasl_credentials credentials) : credentials_(std::move(credentials)) {}

    bool has_initial_response() const override { return false; }
    bool may_succeed() const override { return is_answered_; }
    secret_text respond(std::string_view challenge) override {
        if (is_answered_ || challenge.empty()) {
            throw sasl_failure("the server did not send one CRAM-MD5 challenge (RFC 2195)");
        }
        is_answered_ = true;
        std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
        unsigned size = 0;
        const std::string_view key = credentials_.password.view();
        if (HMAC(EVP_md5(), key.data(), static_cast<int>(key.size()),
                 reinterpret_cast<const unsigned char*>(challenge.data()), challenge.size(), digest.data(),
                 &size) == nullptr) {
            throw sasl_failure("MD5, which CRAM-MD5 needs, is switched off in this system's OpenSSL");
        }
        secret_text response(credentials_.username);
        response += " ";
        constexpr std::string_view digits = "0123456789abcdef";
        for (unsigned i = 0; i < size; ++i) {
            (response += digits.substr(digest[i] >> 4, 1)) += digits.substr(digest[i] & 15U, 1);
        }
        return response;
    }

private:
    sasl_credentials credentials_;
    bool is_answered_ = false;
};

}  // namespace

const std::vector<std::string>& password_mechanisms() {
    static const std::vector<std::string> names{
        "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN"};
    return names;
}

std::unique_ptr<sasl_mechanism> make_password_mechanism(std::string_view name, sasl_credentials credentials,
                                                        channel_binding binding, scram_binding binds) {
    if (name == "PLAIN") {
        return std::make_unique<plain_mechanism>(std::move(credentials));
    }
    if (name == "LOGIN") {
        return std::make_unique<login_mechanism>(std::move(credentials));
    }
    if (name == "CRAM-MD5") {
        return std::make_unique<cram_md5_mechanism>(std::move(credentials));
    }
    scram_settings settings;
    settings.hash = name.starts_with("SCRAM-SHA-256") ? scram_hash::sha256 : scram_hash::sha1;
    settings.binds = binds;
    settings.binding = std::move(binding);
    settings.nonce = make_scram_nonce();
    return make_scram(std::move(settings), std::move(credentials));
}

}  // namespace hawser::smtp
