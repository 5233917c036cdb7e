// Fills a delivery's working context: handler and port values, then what the engine itself knows of the attempt.
#pragma once

#include <cstdint>
#include <string>

#include "delivery/dynamic_transport.hpp"
#include "delivery/send_port_runtime.hpp"

namespace hawser::engine {

struct attempt_identity {
    std::string message_id;
    std::uint32_t attempt = 0;  // made before on this transport
    // Of a delivery that is on its backup transport: why the primary one failed.
    std::string primary_failure_code = {};
    std::string primary_failure_text = {};
};

// Handler and port values win over what came with the message, but on a dynamic port, which fills in only what is
// absent (spec section 2); the address is always the location that was chosen.
result<void> write_delivery_context(message_context& context, const send_port_runtime& port, const chosen_transport& to,
                                    const attempt_identity& who);

}  // namespace hawser::engine
