// What stands in a certificate, for those who look after it. Pure.
#pragma once

#include <string>

#include "certificates/certificate_entry.hpp"
#include "certificates/mail_address_match.hpp"

struct x509_st;  // OpenSSL's X509

namespace hawser::engine {

struct certificate_facts {
    certificate_addresses addresses;
    std::string issuer;  // RFC 2253 form
    std::string serial;  // lower-case hexadecimal
    std::string key;     // "RSA 2048", "EC prime256v1", "ED25519"
    bool has_signing_key = false;  // of a kind that OpenSSL's CMS signs with
    bool has_encryption_key = false;
    int key_strength_bits = 0;        // RSA 2048 has 112, P-256 has 128 (NIST SP 800-57)
    int signature_strength_bits = 0;  // of the hash that its issuer signed it with: SHA-256 has 128, SHA-1 63
    bool is_self_signed = false;
};

mail_usage mail_usage_of(x509_st* certificate);

certificate_facts read_certificate_facts(const certificate_entry& entry);

}  // namespace hawser::engine
