// How strong what holds a chain together is: keys, and the hashes of the signatures on certificates, CRLs and OCSP
// answers. Any thread.
#pragma once

#include "openssl_pointers.hpp"

namespace hawser::smime {

// OpenSSL's level of 112 bits (NIST SP 800-57): RSA from 2048 bits, curves from 224, hashes from SHA-224.
constexpr int strong_auth_level = 2;

// SHA-1 is taken with `allows_legacy`; MD5 and older ones never are.
bool has_strong_digest(const X509_ALGOR* signature, bool allows_legacy);
// Of at least 112 bits, with `allows_legacy` of 80: RSA 1024.
bool is_strong_key(const EVP_PKEY* key, bool allows_legacy);
std::string signature_text(const X509* certificate);  // what it is signed with, as OpenSSL calls it
std::string key_text(const X509* certificate);        // "RSA 1024 bits"

}  // namespace hawser::smime
