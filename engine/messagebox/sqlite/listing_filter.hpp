// What listings of open deliveries and of tracked ones ask alike of texts, contexts and times. Any thread, on the
// listing's own connection.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "messagebox/message_box.hpp"
#include "messagebox/sqlite/database.hpp"

namespace hawser::engine::sqlite {

inline constexpr std::int64_t clock_slack_ms = std::int64_t{10} * 60 * 1000;
inline constexpr delivery_id id_max = std::numeric_limits<delivery_id>::max();

// Whether an encoded context has each of these names with its value. Throws std::runtime_error where it is damaged.
bool has_properties(std::string_view encoded_context, const std::vector<std::pair<std::string, std::string>>& wanted);

// The number from which the rows of a table were published at this time or later, by bisection; id_max where none was.
// Numbers are an order of publication, but times may run backward a little: a place in the order has the latest or the
// earliest time of a few neighbours, so that one that stands out leads nobody astray.
enum class neighbour : std::uint8_t { latest = 1, earliest };  // a number rather too low, or rather too high
delivery_id first_published_at(const database& connection, const std::string& table, const std::string& number,
                               std::int64_t unix_ms, neighbour which);

}  // namespace hawser::engine::sqlite
