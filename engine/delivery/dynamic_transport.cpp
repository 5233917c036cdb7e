#include "delivery/dynamic_transport.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "message/location_pattern.hpp"

namespace hawser::engine {
namespace {

constexpr std::size_t shown_size_max = 200;

// "a@x, b@y" as a location: without the spaces around the addresses.
std::string as_location(const std::string& scheme, std::string_view addresses) {
    std::string location = scheme + ':';
    while (!addresses.empty()) {
        const std::size_t end = std::min(addresses.find_first_of(",;"), addresses.size());
        const std::string_view one = addresses.substr(0, end);
        const std::size_t first = one.find_first_not_of(' ');
        if (first != std::string_view::npos) {
            location += one.substr(first, one.find_last_not_of(' ') - first + 1);
        }
        location += end < addresses.size() ? "," : "";
        addresses.remove_prefix(std::min(end + 1, addresses.size()));
    }
    return location;
}

// Further recipients that the message itself names have to be allowed as its location has.
result<void> check_recipients(const send_port_runtime& port, const transport_runtime& transport,
                              const message_context& context) {
    for (const std::string& name : transport.recipient_properties) {
        const std::string addresses = context.text_or(name, "");
        if (!addresses.empty() &&
            !is_allowed_location(port.allowed_locations, as_location(transport.address_scheme, addresses))) {
            return fail("delivery.location-not-allowed",
                        name + " = \"" + printable(addresses, shown_size_max) +
                            "\" is not among the port's allowedLocations (plain addresses, one by one)");
        }
    }
    return {};
}

result<chosen_transport> choose_dynamic(const send_port_runtime& port, const message_context& context) {
    const std::string location = context.text_or("BTS.OutboundTransportLocation", "");
    if (location.empty()) {
        return fail("delivery.no-location",
                    "the send port is dynamic, and the message has no BTS.OutboundTransportLocation: give it one with "
                    "messages resume --set, or submit it again with one");
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
    if (result<void> checked = check_recipients(port, *found, context); !checked) {
        return unexpected{std::move(checked).error()};
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
