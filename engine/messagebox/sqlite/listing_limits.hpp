// How much one listing reads, of deliveries or of what was tracked: bounded, so that a reader never holds up the writer
// for long.
#pragma once

#include <cstdint>

namespace hawser::engine::sqlite {

inline constexpr std::int64_t listing_range_size = 20'000;  // numbers of the table read by one statement
inline constexpr std::uint32_t list_count_max = 100'000;

}  // namespace hawser::engine::sqlite
