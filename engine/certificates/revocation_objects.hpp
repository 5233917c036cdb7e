// OpenSSL's objects of revocation as owned pointers. For the sources beside this file only.
#pragma once

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace hawser::engine::revocation {

template <auto Free>
struct deleter {
    template <typename Type>
    void operator()(Type* object) const noexcept {
        Free(object);
    }
};

using x509_pointer = std::unique_ptr<X509, deleter<&X509_free>>;
using crl_pointer = std::unique_ptr<X509_CRL, deleter<&X509_CRL_free>>;

// Null: it is none.
inline x509_pointer parse_certificate(const std::string& der) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
    x509_pointer parsed(d2i_X509(nullptr, &bytes, static_cast<long>(der.size())));
    ERR_clear_error();
    return parsed;
}

// SHA-256 in hexadecimal.
inline std::string digest_of(const std::string& text) {
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_Digest(text.data(), text.size(), bytes, &size, EVP_sha256(), nullptr);
    static constexpr char digits[] = "0123456789abcdef";
    std::string shown;
    for (unsigned i = 0; i < size; ++i) {
        shown += digits[bytes[i] >> 4U];
        shown += digits[bytes[i] & 15U];
    }
    return shown;
}

}  // namespace hawser::engine::revocation
