// OpenSSL objects as owned pointers, and its error queue as an exception.
#pragma once

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

#include "hawser/sdk/error.hpp"

namespace hawser::smime {

template <auto Free>
struct deleter {
    template <typename Type>
    void operator()(Type* object) const noexcept {
        Free(object);
    }
};

inline void free_certificates(STACK_OF(X509) * stack) noexcept { sk_X509_pop_free(stack, X509_free); }
inline void free_crls(STACK_OF(X509_CRL) * stack) noexcept { sk_X509_CRL_pop_free(stack, X509_CRL_free); }

using x509_pointer = std::unique_ptr<X509, deleter<&X509_free>>;
using key_pointer = std::unique_ptr<EVP_PKEY, deleter<&EVP_PKEY_free>>;
using crl_pointer = std::unique_ptr<X509_CRL, deleter<&X509_CRL_free>>;
using store_pointer = std::unique_ptr<X509_STORE, deleter<&X509_STORE_free>>;
using stack_pointer = std::unique_ptr<STACK_OF(X509), deleter<&free_certificates>>;
using crl_stack_pointer = std::unique_ptr<STACK_OF(X509_CRL), deleter<&free_crls>>;
using cms_pointer = std::unique_ptr<CMS_ContentInfo, deleter<&CMS_ContentInfo_free>>;
using bio_pointer = std::unique_ptr<BIO, deleter<&BIO_free_all>>;

// Takes OpenSSL's last reason from this thread's queue.
[[noreturn]] inline void throw_openssl_failure(const std::string& doing) {
    const unsigned long code = ERR_peek_last_error();
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    ERR_clear_error();
    throw failure(doing + " failed" + (reason == nullptr ? "" : std::string(": ") + reason));
}

// Where memory is missing, some of OpenSSL 3.0's encoders leave out what they had no memory for and report success; the
// queue tells. For a queue that was empty before.
inline void throw_if_memory_was_missing(const std::string& doing) {
    while (const unsigned long code = ERR_get_error()) {
        if (ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE) {
            ERR_clear_error();
            throw failure(doing + " failed: memory ran out");
        }
    }
}

}  // namespace hawser::smime
