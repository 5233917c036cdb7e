#include "sasl_scram.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "sasl_base64.hpp"
#include "sasl_prepare.hpp"
#include "text.hpp"

namespace hawser::smtp {
namespace {

constexpr std::size_t nonce_random_size = 24;

void need(bool is_done) {
    if (!is_done) {
        throw sasl_failure("OpenSSL could not do the arithmetic of SCRAM");
    }
}

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

// "=" and "," mean something in SCRAM (RFC 5802 section 5.1, attribute n).
secret_text escaped(std::string_view name) {
    secret_text out;
    for (const char& c : name) {
        out += c == '=' ? "=3D" : c == ',' ? "=2C" : std::string_view(&c, 1);
    }
    return out;
}

// Takes "x=value" off the front; the value ends at a comma.
std::string_view take_attribute(std::string_view& message, char name) {
    if (message.size() < 2 || message[0] != name || message[1] != '=') {
        throw sasl_failure(std::string("the server's SCRAM message has no \"") + name + "=\" where it must stand");
    }
    const std::size_t end = std::min(message.find(','), message.size());
    const std::string_view value = message.substr(2, end - 2);
    message.remove_prefix(std::min(end + 1, message.size()));
    return value;
}

// RFC 5802 section 7, server-error-value, in words.
std::string scram_refusal(std::string_view error) {
    if (error == "channel-bindings-dont-match") {
        return "the channel binding does not match: somebody may be between us and the server, or a proxy ends the TLS "
               "connection";
    }
    if (error == "unsupported-channel-binding-type") {
        return "the server does not know this channel binding: set ChannelBinding to another, or fix a Mechanism "
               "without -PLUS";
    }
    if (error == "server-does-support-channel-binding") {
        return "the server offers channel binding, but its offer did not reach us: somebody may have changed it on the "
               "way";
    }
    if (error == "invalid-proof" || error == "unknown-user") {
        return "the user name or the password is wrong (" + std::string(error) + ')';
    }
    return "the server says \"" + shown(error) + '"';
}

class scram_mechanism final : public sasl_mechanism {
public:
    scram_mechanism(scram_settings settings, sasl_credentials credentials)
        : settings_(std::move(settings)), credentials_(std::move(credentials)) {}

    bool has_initial_response() const override { return true; }
    bool may_succeed() const override { return turn_ == turn::over; }
    secret_text respond(std::string_view challenge) override {
        switch (turn_) {
        case turn::client_first: return client_first();
        case turn::server_first: return client_final(challenge);
        case turn::server_final: return verified(challenge);
        case turn::over: break;
        }
        throw sasl_failure("the server goes on after the end of the SCRAM exchange");
    }

private:
    enum class turn : std::uint8_t { client_first = 1, server_first, server_final, over };

    const EVP_MD* digest() const { return settings_.hash == scram_hash::sha256 ? EVP_sha256() : EVP_sha1(); }

    std::string gs2_header() const {
        switch (settings_.binds) {
        case scram_binding::required: return "p=" + settings_.binding.type + ",,";
        case scram_binding::not_offered: return "y,,";
        case scram_binding::not_supported: break;
        }
        return "n,,";
    }

    secret_text hmac(std::string_view key, std::string_view text) const {
        secret_text out;
        out.resize(static_cast<std::size_t>(EVP_MD_get_size(digest())));
        need(HMAC(digest(), key.data(), static_cast<int>(key.size()), bytes(text), text.size(),
                  reinterpret_cast<unsigned char*>(out.data()), nullptr) != nullptr);
        return out;
    }

    secret_text hash(std::string_view text) const {
        secret_text out;
        out.resize(static_cast<std::size_t>(EVP_MD_get_size(digest())));
        need(EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(out.data()), nullptr, digest(),
                        nullptr) == 1);
        return out;
    }

    secret_text client_first() {
        const secret_text username = sasl_prepare(credentials_.username, sasl_string::query, "the user name");
        (client_first_bare_ += "n=") += escaped(username.view()).view();
        (client_first_bare_ += ",r=") += settings_.nonce;
        turn_ = turn::server_first;
        secret_text out(gs2_header());
        return std::move(out += client_first_bare_.view());
    }

    secret_text client_final(std::string_view server_first) {
        check_error(server_first);
        std::string_view rest = server_first;
        const std::string_view nonce = take_attribute(rest, 'r');
        const std::optional<secret_text> salt = from_base64(take_attribute(rest, 's'));
        const std::string_view count = take_attribute(rest, 'i');
        check_nonce(nonce);
        if (!salt || salt->is_empty() || salt->size() > scram_salt_size_max) {
            throw sasl_failure("the server's SCRAM salt is not base64 of 1 to " + std::to_string(scram_salt_size_max) +
                               " bytes");
        }
        const std::string channel =
            gs2_header() + (settings_.binds == scram_binding::required ? settings_.binding.data : std::string{});
        secret_text final("c=");
        ((final += to_base64(channel).view()) += ",r=") += nonce;
        secret_text auth_message(client_first_bare_.view());
        (((auth_message += ",") += server_first) += ",") += final.view();

        const secret_text salted = salted_password(*salt, iterations(count));
        const secret_text client_key = hmac(salted.view(), "Client Key");
        secret_text proof = hmac(hash(client_key.view()).view(), auth_message.view());
        for (std::size_t i = 0; i < proof.size(); ++i) {
            proof.data()[i] = static_cast<char>(proof.data()[i] ^ client_key.view()[i]);
        }
        server_signature_ = hmac(hmac(salted.view(), "Server Key").view(), auth_message.view());
        turn_ = turn::server_final;
        return std::move((final += ",p=") += to_base64(proof.view()).view());
    }

    static void check_error(std::string_view message) {
        if (message.starts_with("e=")) {
            throw sasl_failure(scram_refusal(take_attribute(message, 'e')));
        }
    }

    void check_nonce(std::string_view nonce) const {
        const bool is_printable = std::all_of(nonce.begin(), nonce.end(), [](char c) { return c > 0x20 && c < 0x7f; });
        if (!nonce.starts_with(settings_.nonce) || nonce.size() == settings_.nonce.size() || !is_printable ||
            nonce.size() > scram_nonce_size_max) {
            throw sasl_failure("the server's SCRAM nonce does not continue ours: the answer is not meant for us");
        }
    }

    static int iterations(std::string_view text) {
        std::int64_t count = 0;
        const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), count);
        if (failed != std::errc{} || end != text.data() + text.size()) {
            throw sasl_failure("the server's SCRAM iteration count is no number");
        }
        if (count < scram_iterations_min || count > scram_iterations_max) {
            throw sasl_failure("the server asks for " + std::to_string(count) + " SCRAM iterations; from " +
                               std::to_string(scram_iterations_min) + " to " + std::to_string(scram_iterations_max) +
                               " are accepted (RFC 7677 section 4): the server's setting has to be mended");
        }
        return static_cast<int>(count);
    }

    secret_text salted_password(const secret_text& salt, int count) const {
        const secret_text password = sasl_prepare(credentials_.password.view(), sasl_string::stored, "the password");
        secret_text out;
        out.resize(static_cast<std::size_t>(EVP_MD_get_size(digest())));
        need(PKCS5_PBKDF2_HMAC(password.view().data(), static_cast<int>(password.size()), bytes(salt.view()),
                               static_cast<int>(salt.size()), count, digest(), static_cast<int>(out.size()),
                               reinterpret_cast<unsigned char*>(out.data())) == 1);
        return out;
    }

    secret_text verified(std::string_view server_final) {
        check_error(server_final);
        std::string_view rest = server_final;
        const std::optional<secret_text> signature = from_base64(take_attribute(rest, 'v'));
        if (!signature || signature->size() != server_signature_.size() ||
            CRYPTO_memcmp(signature->view().data(), server_signature_.view().data(), signature->size()) != 0) {
            throw sasl_failure(
                "the server's SCRAM signature is wrong: it does not know the password, so it is not the "
                "server that it claims to be");
        }
        turn_ = turn::over;
        return {};
    }

    scram_settings settings_;
    sasl_credentials credentials_;
    turn turn_ = turn::client_first;
    secret_text client_first_bare_;
    secret_text server_signature_;
};

}  // namespace

std::string make_scram_nonce() {
    std::array<unsigned char, nonce_random_size> random{};
    need(RAND_bytes(random.data(), static_cast<int>(random.size())) == 1);
    return std::string(to_base64({reinterpret_cast<const char*>(random.data()), random.size()}).view());
}

std::unique_ptr<sasl_mechanism> make_scram(scram_settings settings, sasl_credentials credentials) {
    return std::make_unique<scram_mechanism>(std::move(settings), std::move(credentials));
}

}  // namespace hawser::smtp
