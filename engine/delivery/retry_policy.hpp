// What follows from an outcome: done, again later, the backup transport, or suspended. Pure: no clock, no store, no
// I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"
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

struct attempt_facts {  // of the attempt whose outcome is judged
    const send_port_runtime& port;
    const transport_runtime& transport;  // that it went through
    const std::string& transport_label;  // where its resume state belongs: adapter and address
    const attempt_state& state;
    std::int64_t published_unix_ms = 0;
    std::int64_t now_unix_ms = 0;
    double random = 0.5;  // from 0 to 1, for the jitter
};

// Retries go to the transport that failed until its retry count is used up (spec section 4) or the next one would be
// past the port's maximum age; a permanent failure skips them. Then the backup transport has its own; then the delivery
// is suspended. In `partial`, a transient recipient left means retry, only permanent ones left mean suspended (design
// section 3).
decision decide(const attempt_facts& facts, const delivery_outcome& outcome);

// The wait after the attempt-th failure on this transport: retry interval × factor^(attempt-1), capped, with jitter.
std::int64_t retry_wait_ms(const transport_runtime& transport, std::uint32_t attempt, double random);

// Whether the message is too old for its first attempt. An operator's resume overrides it.
bool is_expired(const send_port_runtime& port, const claimed_delivery& claim, std::int64_t now_unix_ms);

// Why a claimed delivery is suspended without an attempt: it killed the host too often, or it is too old; nullopt = no
// reason.
std::optional<error> reason_to_give_up(const send_port_runtime& port, const claimed_delivery& claim,
                                       std::int64_t now_unix_ms);

}  // namespace hawser::engine
