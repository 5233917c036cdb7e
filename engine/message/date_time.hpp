// Date and time as a property has it (RFC 3339 section 5.6: "2026-11-24T08:00:00Z"), and the instant that it means.
// Stateless.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace hawser::engine {

// "Z" or a numeric offset is needed. Ranges of the fields (a 13th month) are not looked at.
bool is_date_time(std::string_view text) noexcept;

// Steps of 100 ns since 1970, as fine as BizTalk's dateTime; further digits do not count. Nothing where the text is no
// date and time, or none that there is.
std::optional<std::int64_t> instant_of(std::string_view text) noexcept;

}  // namespace hawser::engine
