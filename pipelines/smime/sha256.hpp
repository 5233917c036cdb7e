// What tells one certificate, key or answer from another.
#pragma once

#include <string>
#include <string_view>

#include "openssl_pointers.hpp"

namespace hawser::smime {

inline std::string sha256_of(std::string_view bytes) {  // 32 bytes
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha256(), nullptr) != 1) {
        throw_openssl_failure("working out a digest");
    }
    return {reinterpret_cast<const char*>(digest), size};
}

}  // namespace hawser::smime
