#include "delivery/service_window.hpp"

#include <limits>

#include "base/time_zone.hpp"

namespace hawser::engine {
namespace {

struct span {
    std::int64_t from_unix_ms = 0;
    std::int64_t to_unix_ms = 0;
};

// The window that opens on the day `offset` days from the local day of `unix_ms`; empty where it opens on another
// weekday.
span window_of_day(const service_window& window, std::int64_t unix_ms, int offset) {
    const local_day today = local_day_of(window.time_zone, unix_ms);
    const unsigned weekday = static_cast<unsigned>(static_cast<int>(today.weekday) + offset + 7) % 7U;
    if ((window.weekdays & (1U << weekday)) == 0) {
        return {};
    }
    const auto at = [&](int days, unsigned minute) {  // a day past its month's range carries over
        return unix_ms_of_local(window.time_zone, today.year, today.month,
                                static_cast<unsigned>(static_cast<int>(today.day) + days), minute);
    };
    const bool ends_next_day = window.to_minute <= window.from_minute;
    return {at(offset, window.from_minute), at(offset + (ends_next_day ? 1 : 0), window.to_minute)};
}

}  // namespace

window_state state_of(const service_window& window, std::int64_t unix_ms) {
    // What opened yesterday may still be open; in a week and a day every weekday comes.
    for (int offset = -1; offset <= 8; ++offset) {
        const span one = window_of_day(window, unix_ms, offset);
        if (one.from_unix_ms <= unix_ms && unix_ms < one.to_unix_ms) {
            return {true, one.to_unix_ms};
        }
        if (one.from_unix_ms > unix_ms && one.to_unix_ms > one.from_unix_ms) {
            return {false, one.from_unix_ms};
        }
    }
    return {false, std::numeric_limits<std::int64_t>::max()};
}

}  // namespace hawser::engine
