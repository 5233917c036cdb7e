// A multipart boundary that no content can hold by chance or on purpose: a prefix and 128 random bits. Throws
// hawser::failure where there is no randomness.
#pragma once

#include <openssl/rand.h>

#include <string>

#include "hexadecimal.hpp"
#include "openssl_pointers.hpp"

namespace hawser::smime {

inline std::string make_boundary(std::string boundary) {
    unsigned char random[16];
    if (RAND_bytes(random, sizeof random) != 1) {
        throw_openssl_failure("making a boundary");
    }
    return boundary + hexadecimal(random, sizeof random);
}

}  // namespace hawser::smime
