#include "runtime/order_notes.hpp"

#include <algorithm>

namespace hawser::engine {
namespace {

constexpr std::uint32_t suspended_looked_at_max = 100;
constexpr const char* setting = ": ordered, stopSendingOnFailure (resume or terminate it)";

}  // namespace

std::string order_reason(const host_bindings& bindings, const delivery_summary& one) {
    if (one.order_holder == 0 || one.order_holder == one.id) {
        return {};
    }
    const bool stops = std::any_of(bindings.send_ports.begin(), bindings.send_ports.end(),
                                   [&one](const auto& port) { return port.name == one.port && port.stops_on_failure; });
    return stops ? "waits for delivery " + std::to_string(one.order_holder) + ", which is suspended" + setting : "";
}

std::string order_note(message_box& box, const send_port_binding& port, const port_counts& counts) {
    if (!port.stops_on_failure || counts.suspended == 0 || counts.queued + counts.retrying == 0) {
        return {};
    }
    for (const delivery_summary& one :
         box.list({.port = port.name, .state = delivery_state::suspended, .count_max = suspended_looked_at_max})) {
        if (one.order_holder != 0) {
            return "delivery " + std::to_string(one.id) + " is suspended, and what comes after it waits" + setting;
        }
    }
    return {};
}

}  // namespace hawser::engine
