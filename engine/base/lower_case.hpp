// Texts that are compared whatever their case. Pure.
#pragma once

#include <algorithm>
#include <string>

namespace hawser::engine {

// A to Z alone, as SQLite's lower() has it: other bytes stay, whatever the locale.
inline std::string lower_case(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return text;
}

}  // namespace hawser::engine
