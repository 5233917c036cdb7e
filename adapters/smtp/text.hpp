// Small tests on text that the plugin's files share. ASCII rules, whatever the locale.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace hawser::smtp {

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_alphanumeric(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
inline char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

inline bool equals_ignoring_case(std::string_view left, std::string_view right) {
    return left.size() == right.size() &&
           std::equal(left.begin(), left.end(), right.begin(), [](char a, char b) { return lower(a) == lower(b); });
}

inline bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

inline int hexadecimal(char c) {
    return is_digit(c) ? c - '0' : lower(c) >= 'a' && lower(c) <= 'f' ? lower(c) - 'a' + 10 : -1;
}

// Text from outside, fit for a message to a person: control characters as '?', at most 200 bytes.
inline std::string shown(std::string_view text) {
    constexpr std::size_t size_max = 200;
    std::string out;
    for (const char c : text.substr(0, size_max)) {
        out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    }
    return text.size() > size_max ? out + "..." : out;
}

}  // namespace hawser::smtp
