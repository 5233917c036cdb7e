// What a person is told of messages that wait for a suspended one, because their port is ordered and stops on failures.
// The box knows the order, the bindings whether the port stops now. Called by local_host.
#pragma once

#include <string>

#include "bindings/bindings.hpp"
#include "messagebox/message_box.hpp"

namespace hawser::engine {

std::string order_reason(const host_bindings& bindings, const delivery_summary& one);  // "" = it waits for none
std::string order_note(message_box& box, const send_port_binding& port,
                       const port_counts& counts);  // "" = nothing waits

}  // namespace hawser::engine
