// JSON with comments, parsed so that every value and key knows where it was written: diagnostics need line and column,
// which no JSON library at hand gives for values. Limits: 16 MiB a file, 100 levels. Duplicate keys are errors.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostics.hpp"

namespace hawser::engine {

inline constexpr std::size_t json_file_size_max = 16 * 1024 * 1024;
inline constexpr unsigned json_depth_max = 100;

struct json_member;

struct json_value {
    enum class kind : std::uint8_t { null = 1, boolean, number, string, array, object };

    kind type = kind::null;
    bool boolean = false;
    std::string text;  // of a string (UTF-8), or a number as it was written
    std::vector<json_value> elements;
    std::vector<json_member> members;  // in the order of the file
    source_position position;

    const json_value* find(std::string_view key) const;
    json_value* find(std::string_view key);
    bool is(kind wanted) const noexcept { return type == wanted; }
};

struct json_member {
    std::string key;
    source_position key_position;
    json_value value;
};

const char* name_of(json_value::kind type) noexcept;  // "a string", "an object", …

// One error ends the parse: what follows a broken bracket means nothing. False: problems has it.
bool parse_json(std::string_view text, const std::string& file, json_value& out, diagnostics& problems);

// RFC 6901 escaping of one reference token.
std::string pointer_token(std::string_view key);

}  // namespace hawser::engine
