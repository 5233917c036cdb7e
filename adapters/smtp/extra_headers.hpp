// Header fields that an operator adds to every mail of a port ("Name: value"). A closed list of fields is the
// adapter's, the pipeline's or the relays' own, and cannot be set. Pure; throws hawser::failure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hawser/sdk/message.hpp"

namespace hawser::smtp {

inline constexpr std::size_t extra_header_count_max = 100;

// Checks the form of "Name: value" and that the name is not of the closed list; the value is as it was written.
mail_header parse_extra_header(std::string_view text);

bool is_field_name(std::string_view name);      // RFC 5322 section 2.2, and short enough for a line
bool is_reserved_field(std::string_view name);  // of the closed list

}  // namespace hawser::smtp
