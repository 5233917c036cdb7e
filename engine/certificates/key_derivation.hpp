// How many rounds a file wants its password to be hashed: a number in the file, before anything in it is proven. Pure.
#pragma once

#include <openssl/pkcs12.h>
#include <openssl/x509.h>

namespace hawser::engine {

// Some seconds of work; what OpenSSL, Windows and NSS write is below a hundredth of it.
inline constexpr long key_derivation_rounds_max = 10'000'000;

// More than key_derivation_rounds_max where it is more, however much. scrypt, and what cannot be decrypted at all:
// none.
long key_derivation_rounds(const X509_ALGOR* encryption);
bool is_affordable(const X509_ALGOR* encryption);
bool is_affordable(const PKCS12* container);

}  // namespace hawser::engine
