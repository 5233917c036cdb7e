#include "delivery/dynamic_transport.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "message/location_pattern.hpp"

namespace hawser::engine {
namespace {

constexpr std::size_t shown_size_max = 200;

result<chosen_transport> choose_dynamic(const send_port_runtime& port, const message_context& context) {
    const std::string location = context.text_or("BTS.OutboundTransportLocation", "");
    if (location.empty()) {
        return fail("delivery.no-location",
                    "the send port is dynamic, and the message has no BTS.OutboundTransportLocation: give it one with "
                    "messages resume --set");
    }
    if (!is_allowed_location(port.allowed_locations, location)) {
        return fail("delivery.location-not-allowed", "the location \"" + printable(location, shown_size_max) +
                                                         "\" is not among the port's allowedLocations");
    }
    const std::string type = context.text_or("BTS.OutboundTransportType", "");
    const std::string scheme = scheme_of_location(location);
    const auto found = std::find_if(
        port.dynamic_transports.begin(), port.dynamic_transports.end(),
        [&](const transport_runtime& one) { return type.empty() ? one.address_scheme == scheme : one.type == type; });
    if (found == port.dynamic_transports.end()) {
        return fail("delivery.no-transport",
                    type.empty() ? "no adapter of this port sends to \"" + printable(scheme, shown_size_max) + ":\""
                                 : "the port has no transport of the BTS.OutboundTransportType \"" +
                                       printable(type, shown_size_max) + '"');
    }
    if (found->address_scheme != scheme) {
        return fail("delivery.no-transport", "the transport " + found->type + " sends to \"" + found->address_scheme +
                                                 ":\", not to \"" + printable(location, shown_size_max) + '"');
    }
    return chosen_transport{&*found, location};
}

}  // namespace

result<chosen_transport> choose_transport(const send_port_runtime& port, const message_context& context,
                                          bool is_on_backup) {
    if (port.is_dynamic) {
        return choose_dynamic(port, context);
    }
    const transport_runtime& own = is_on_backup && port.backup ? *port.backup : port.primary;
    return chosen_transport{&own, own.address};
}

}  // namespace hawser::engine
