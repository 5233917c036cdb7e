// What is told of one attempt after its result is durable.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "delivery/delivery_outcome.hpp"

namespace hawser::engine {

struct delivery_report {
    std::int64_t delivery = 0;
    std::string message_id;
    std::string port;
    std::string state;  // delivered, retrying, suspended, failed (published as a failed message instead)
    std::string code;
    std::string text;
    std::uint32_t attempts = 0;
    std::int64_t next_attempt_unix_ms = 0;
    std::vector<recipient_outcome> recipients;
};

}  // namespace hawser::engine
