// All that is in a PKCS#12 container whose password is known: every key, certificate and CRL, of nested safes too,
// where OpenSSL's own PKCS12_parse() gives one key. The bytes are hostile: what is in the container counts against
// limits.
#pragma once

#include <openssl/pkcs12.h>

#include <string>
#include <vector>

#include "base/openssl_pointers.hpp"

namespace hawser::engine {

inline constexpr std::size_t pkcs12_bag_count_max = 10'000;
inline constexpr unsigned pkcs12_depth_max = 8;  // of safes in safes

// A null one could not be read.
struct pkcs12_content {
    std::vector<x509_pointer> certificates;
    std::vector<crl_pointer> crls;
    std::vector<key_pointer> keys;  // of the default library, whichever decrypted them
};

enum class pkcs12_reading : std::uint8_t {
    done = 1,
    not_decrypted,  // OpenSSL's error queue says why
    too_large,      // more bags, or deeper ones, than the limits
    too_costly      // the password would be hashed more often than key_derivation_rounds_max, all in all
};

// `password` null: that of no characters in its other form. `library` null: the default one.
pkcs12_reading read_pkcs12(const PKCS12* container, const char* password, OSSL_LIB_CTX* library, pkcs12_content& into);

}  // namespace hawser::engine
