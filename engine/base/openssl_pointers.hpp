// OpenSSL's objects, owned. For the sources of rooms that link it: their headers need no OpenSSL.
#pragma once

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace hawser::engine {

template <auto Free>
struct openssl_deleter {
    template <typename Type>
    void operator()(Type* object) const noexcept {
        Free(object);
    }
};
using x509_pointer = std::unique_ptr<X509, openssl_deleter<&X509_free>>;
using crl_pointer = std::unique_ptr<X509_CRL, openssl_deleter<&X509_CRL_free>>;
using key_pointer = std::unique_ptr<EVP_PKEY, openssl_deleter<&EVP_PKEY_free>>;
using bio_pointer = std::unique_ptr<BIO, openssl_deleter<&BIO_free_all>>;

inline std::string take_openssl_error() {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    return reason == nullptr ? "unknown form" : reason;
}

template <typename Object, typename Encode>
std::string der_of(const Object* object, Encode encode) {
    unsigned char* bytes = nullptr;
    const int size = encode(object, &bytes);
    std::string der;
    if (size > 0) {
        der.assign(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
        OPENSSL_clear_free(bytes, static_cast<std::size_t>(size));
    }
    return der;
}

// Of a certificate's subject or issuer (RFC 2253), for a person.
inline std::string name_text(const X509_NAME* name) {
    const bio_pointer out(BIO_new(BIO_s_mem()));
    X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

inline x509_pointer x509_of(const std::string& der) {
    const auto* cursor = reinterpret_cast<const unsigned char*>(der.data());
    return x509_pointer(d2i_X509(nullptr, &cursor, static_cast<long>(der.size())));
}

}  // namespace hawser::engine
