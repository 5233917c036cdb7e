// What an adapter says of a handing over: one JSON object, checked and written anew without white space, so that it
// cannot break the line it stands in. Nothing is taken on trust: not the syntax, nor the encoding, size or depth.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace hawser::engine::audit {

inline constexpr std::size_t facts_size_max = 16 * 1024 * 1024;
inline constexpr unsigned facts_depth_max = 32;

// audit.misuse: it is no object of JSON in UTF-8, too large or too deep. Never longer than what was given.
result<std::string> compact_facts(std::string_view json);

// A JSON string with its quotes; bytes that are not UTF-8 become U+FFFD.
std::string json_string(std::string_view text);

}  // namespace hawser::engine::audit
