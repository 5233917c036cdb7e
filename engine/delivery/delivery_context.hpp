// Fills a delivery's working context: handler and port values, then what the engine itself knows of the attempt.
#pragma once

#include <cstdint>
#include <string>

#include "delivery/send_port_runtime.hpp"

namespace hawser::engine {

// Handler and port values win over what came with the message, but on a dynamic port, which fills in only what is
// absent (spec section 2).
result<void> write_delivery_context(message_context& context, const send_port_runtime& port,
                                    const transport_runtime& transport, const std::string& message_id,
                                    std::uint32_t attempt);

}  // namespace hawser::engine
