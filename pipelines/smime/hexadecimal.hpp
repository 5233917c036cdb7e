// Bytes as lower-case hexadecimal digits.
#pragma once

#include <cstddef>
#include <string>

namespace hawser::smime {

inline std::string hexadecimal(const unsigned char* bytes, std::size_t size) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (std::size_t i = 0; i < size; ++i) {
        text += digits[bytes[i] >> 4U];
        text += digits[bytes[i] & 15U];
    }
    return text;
}

}  // namespace hawser::smime
