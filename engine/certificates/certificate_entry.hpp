// A certificate, a CRL and a private key, as they were read. Values; a private key is wiped when it goes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace hawser::engine {

struct mail_usage {
    bool is_authority = false;
    bool fits_signing = false;  // its key usages allow it to sign mail
    bool fits_encryption = false;
};

struct certificate_entry {
    std::string der;
    std::string sha1;  // lower-case hexadecimal
    std::string sha256;
    std::string file_name;    // without its folder; of one in a token its URI, the short form
    std::string subject;      // RFC 2253 form, for a person
    std::string private_key;  // PKCS#8 DER, or the name of one in a token; "" = none; wiped when the entry goes
    std::string uri;          // of a certificate in a PKCS#11 token (RFC 7512); "" = it is a file's
    std::string token;        // that has the certificate or its private key, for a person; "" = none has
    std::int64_t not_before_unix = 0;
    std::int64_t not_after_unix = 0;
    mail_usage usage;

    certificate_entry() = default;
    certificate_entry(const certificate_entry&) = default;
    certificate_entry(certificate_entry&&) = default;
    certificate_entry& operator=(const certificate_entry&) = default;
    certificate_entry& operator=(certificate_entry&&) = default;
    ~certificate_entry();

    bool is_valid_at(std::int64_t unix_seconds) const noexcept {
        return not_before_unix <= unix_seconds && unix_seconds <= not_after_unix;
    }
};

struct crl_entry {
    std::string der;  // as it is in the file, where it cannot be read
    std::string file_name;
};

using private_key_handle = std::shared_ptr<evp_pkey_st>;

}  // namespace hawser::engine
