// How a connection must be secured, beyond that it is: part of what credentials and pooled connections belong to.
#pragma once

#include <openssl/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "secret_text.hpp"

namespace hawser::smtp {

inline constexpr std::size_t trusted_size_max = 4UL * 1024 * 1024;

struct tls_policy {
    bool needs_tls_1_3 = false;            // else 1.2 at least
    std::string trusted;                   // PEM: anchors and revocation lists; empty: the host's, or the system's
    std::vector<std::string> pinned_keys;  // SHA-256 of a SubjectPublicKeyInfo, 32 bytes each; empty: any key
    secret_text client_certificate;        // PEM: certificate, chain and private key; empty: none
    bool operator==(const tls_policy&) const = default;
};

// "sha256/BASE64", several with commas or blanks between, as curl and HPKP write them. False: `why` says what is wrong.
bool parse_pinned_keys(std::string_view text, std::vector<std::string>& pins, std::string& why);
std::string key_pin_of(const X509* certificate);  // 32 bytes
std::string shown_pin(std::string_view pin);      // "sha256/BASE64"

}  // namespace hawser::smtp
