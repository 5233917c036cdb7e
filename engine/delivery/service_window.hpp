// The daily time in which a transport may send (spec section 4); outside of it messages are held. Pure.
#pragma once

#include <cstdint>
#include <string>

namespace hawser::engine {

// Open from the first minute up to, and without, the second, by the clock on the wall of its time zone. A clock change
// moves neither: an end in an hour that is skipped comes with the first minute after it.
struct service_window {
    std::uint16_t from_minute = 0;  // since midnight
    std::uint16_t to_minute = 0;    // not after from_minute: on the next day
    std::uint8_t weekdays = 0x7f;   // bit 0 = Monday; the days on which it opens
    std::string time_zone;          // IANA name; "" = the system's

    bool operator==(const service_window&) const = default;
};

struct window_state {
    bool is_open = false;
    std::int64_t until_unix_ms = 0;  // it closes or opens then; the end of time where no weekday is set
};

window_state state_of(const service_window& window, std::int64_t unix_ms);

}  // namespace hawser::engine
