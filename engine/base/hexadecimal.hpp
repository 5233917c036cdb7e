// Bytes as text. Pure.
#pragma once

#include <cstddef>
#include <string>

namespace hawser::engine {

// Two lower-case digits a byte.
inline std::string to_hexadecimal(const unsigned char* bytes, std::size_t size) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text(size * 2, '\0');
    for (std::size_t i = 0; i < size; ++i) {
        text[2 * i] = digits[bytes[i] >> 4U];
        text[2 * i + 1] = digits[bytes[i] & 15U];
    }
    return text;
}

}  // namespace hawser::engine
