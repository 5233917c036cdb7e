// Which transport and which location a delivery goes to: a static port's own, or what the message asks for where the
// port is dynamic (spec section 4). Pure. Everything in a message's context is hostile: a location is used only where
// the port's allowedLocations have it.
#pragma once

#include <string>

#include "base/result.hpp"
#include "delivery/send_port_runtime.hpp"

namespace hawser::engine {

struct chosen_transport {
    const transport_runtime* transport = nullptr;  // of the port
    std::string location;                          // "" = its properties say where to

    std::string label() const { return transport->type + ' ' + location; }  // for the history, and for resume state
};

// Codes: delivery.no-location, delivery.location-not-allowed, delivery.no-transport. Static ports have none.
result<chosen_transport> choose_transport(const send_port_runtime& port, const message_context& context,
                                          bool is_on_backup);

}  // namespace hawser::engine
