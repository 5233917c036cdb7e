// Values on the command line: durations, points in time, rates. Each function is nullopt for text that is none.
// Stateless.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace hawser::command {

// "250ms", "90s", "10m", "2h", "1d", or a number of seconds; nullopt for anything else and for more than ten years.
std::optional<std::int64_t> parse_duration_ms(const std::string& text);

// ISO 8601: "2026-11-24", "2026-11-24T08:00", "2026-11-24T08:00:30.5+01:00"; UTC where no zone is said. After 1970.
std::optional<std::int64_t> parse_date_unix_ms(const std::string& text);

// So many in a time: "10/s", "100/m", "1000/h".
struct change_rate {
    std::int64_t count = 0;
    std::int64_t of_ms = 0;
};
std::optional<change_rate> parse_rate(const std::string& text);

// "RECORD:HASH" with the SHA-256 of an audit record, in lower-case hexadecimal.
std::optional<std::pair<std::uint64_t, std::string>> parse_record_hash(const std::string& text);

}  // namespace hawser::command
