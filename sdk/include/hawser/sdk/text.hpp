// Strings and enumeration words as they cross the ABI. Borrowed views: see abi.h for how long each one lives.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "hawser/abi.h"

namespace hawser {
inline namespace sdk_1 {

inline hawser_string to_abi(std::string_view text) noexcept { return {text.data(), text.size()}; }

inline std::string_view from_abi(hawser_string text) noexcept {
    return text.data == nullptr ? std::string_view{} : std::string_view(text.data, static_cast<std::size_t>(text.size));
}

// A whole decimal number and nothing else.
inline std::optional<std::int64_t> parse_integer(std::string_view text) noexcept {
    std::int64_t value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool is_whole = problem == std::errc{} && end == text.data() + text.size() && !text.empty();
    return is_whole ? std::optional(value) : std::nullopt;
}

inline std::optional<bool> parse_boolean(std::string_view text) noexcept {
    if (text == "true" || text == "1" || text == "True") {
        return true;
    }
    if (text == "false" || text == "0" || text == "False") {
        return false;
    }
    return std::nullopt;
}

// An enumeration takes a word or its number: find_word("none=0|basic=1", "1") is "basic". Words compare without case.
inline std::optional<std::string_view> find_word(std::string_view words, std::string_view value) noexcept {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    const auto is_same = [&](std::string_view left, std::string_view right) {
        if (left.size() != right.size()) {
            return false;
        }
        for (std::size_t i = 0; i < left.size(); ++i) {
            if (lower(left[i]) != lower(right[i])) {
                return false;
            }
        }
        return true;
    };
    while (!words.empty() && !value.empty()) {
        const std::string_view one = words.substr(0, words.find('|'));
        words.remove_prefix(one.size() < words.size() ? one.size() + 1 : words.size());
        const std::size_t equals = one.find('=');
        const std::string_view word = one.substr(0, equals);
        if (is_same(word, value) || (equals != std::string_view::npos && one.substr(equals + 1) == value)) {
            return word;
        }
    }
    return std::nullopt;
}

}  // namespace sdk_1
}  // namespace hawser
