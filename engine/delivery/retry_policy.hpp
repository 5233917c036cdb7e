// What follows from an outcome: done, again later, the backup transport, or suspended. Pure: no clock, no store, no
// I/O.
#pragma once

#include <cstdint>

#include "delivery/delivery_outcome.hpp"
#include "delivery/send_port_runtime.hpp"
#include "messagebox/message_box.hpp"

namespace hawser::engine {

struct decision {
    enum class kind : std::uint8_t { complete = 1, reschedule, suspend };
    kind what = kind::suspend;
    std::int64_t due_unix_ms = 0;  // of a reschedule
    bool is_resumable = true;      // of a suspension
    attempt_state state;           // for the next attempt
    std::string code;
    std::string text;
};

// Retries go to the transport that failed until its retry count is used up (spec section 4), a permanent failure skips
// them; then the backup transport has its own; then the delivery is suspended. In `partial`, a transient recipient left
// means retry, only permanent ones left mean suspended (design section 3).
decision decide(const send_port_runtime& port, const attempt_state& state, const delivery_outcome& outcome,
                std::int64_t now_unix_ms);

}  // namespace hawser::engine
