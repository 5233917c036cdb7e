#include "tls_policy.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include <algorithm>

#include "sasl_base64.hpp"
#include "text.hpp"

namespace hawser::smtp {

bool parse_pinned_keys(std::string_view text, std::vector<std::string>& pins, std::string& why) {
    constexpr std::string_view prefix = "sha256/";
    constexpr std::string_view separators = ", ;\t";
    pins.clear();
    while (true) {
        text.remove_prefix(std::min(text.find_first_not_of(separators), text.size()));
        if (text.empty()) {
            return true;
        }
        const std::string_view word = text.substr(0, std::min(text.find_first_of(separators), text.size()));
        text.remove_prefix(word.size());
        const auto pin = word.starts_with(prefix) ? from_base64(word.substr(prefix.size())) : std::nullopt;
        if (!pin || pin->size() != SHA256_DIGEST_LENGTH) {
            why = "\"" + shown(word) +
                  "\" is no pinned key: it is written sha256/ and the base64 of the SHA-256 of the "
                  "key (SubjectPublicKeyInfo)";
            return false;
        }
        pins.emplace_back(pin->view());
    }
}

std::string key_pin_of(const X509* certificate) {
    unsigned char* der = nullptr;
    const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    std::string pin(SHA256_DIGEST_LENGTH, '\0');
    const bool is_done =
        size > 0 && EVP_Digest(der, static_cast<std::size_t>(size), reinterpret_cast<unsigned char*>(pin.data()),
                               nullptr, EVP_sha256(), nullptr) == 1;
    OPENSSL_free(der);
    return is_done ? pin : std::string{};
}

std::string shown_pin(std::string_view pin) { return "sha256/" + std::string(to_base64(pin).view()); }

}  // namespace hawser::smtp
