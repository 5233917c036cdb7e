// What a TLS connection turned out to be, for the audit archive, the trace and `smtp probe`. Pure OpenSSL.
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hawser::smtp {

struct certificate_facts {
    std::string subject;             // RFC 2253
    std::string issuer;              // RFC 2253
    std::vector<std::string> names;  // subjectAltName: DNS names and addresses
    std::string sha256;              // of the DER, in hexadecimal
    std::string key_pin;             // as TLSPinnedKeys takes it
    std::int64_t not_before_unix_s = 0;
    std::int64_t not_after_unix_s = 0;
};

struct tls_facts {
    std::string version;                    // "TLSv1.3"
    std::string cipher;                     // "TLS_AES_256_GCM_SHA384"
    std::optional<certificate_facts> peer;  // its own certificate
    bool is_resumed = false;
};

tls_facts facts_of(SSL* connection);
std::vector<certificate_facts> sent_chain_of(SSL* connection);  // as the server sent it; empty on a resumed session
std::string in_words(const tls_facts& facts);                   // one line

}  // namespace hawser::smtp
