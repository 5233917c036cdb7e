// The name of a certificate's subject or issuer as text for a person (RFC 2253): hostile, so without control
// characters.
#pragma once

#include <openssl/x509.h>

#include <string>

#include "encoded_words.hpp"
#include "openssl_pointers.hpp"

namespace hawser::smime {

inline std::string name_text(const X509_NAME* name) {
    const bio_pointer out(BIO_new(BIO_s_mem()));
    X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(out.get(), &bytes);
    return printable({bytes, static_cast<std::size_t>(size)});
}

}  // namespace hawser::smime
