#include "bindings/dynamic_port_reader.hpp"

#include <algorithm>

#include "bindings/location_reader.hpp"
#include "message/location_pattern.hpp"

namespace hawser::engine {
namespace {

constexpr const char* allowed_locations = "allowedLocations";

void read_allowed_locations(field_reader& fields, send_port_binding& port, const component_catalogue& catalogue,
                            diagnostics& problems) {
    const json_value* list = fields.of(allowed_locations, json_value::kind::array);
    if (list == nullptr || list->elements.empty()) {
        problems.error(list == nullptr ? fields.position() : list->position, fields.at(allowed_locations),
                       "a dynamic port says where a message may ask to be sent, like \"allowedLocations\": "
                       "[\"mailto:*@partner.example\"]");
        return;
    }
    for (std::size_t i = 0; i < list->elements.size(); ++i) {
        const std::string pattern = read_location_pattern(
            list->elements[i], fields.at(allowed_locations) + '/' + std::to_string(i), catalogue, problems);
        if (!pattern.empty()) {
            port.allowed_locations.push_back(pattern);
        }
    }
}

// A pattern of another scheme would never be used where the port names its adapter.
void check_schemes(field_reader& fields, const std::string& type, const component_catalogue& catalogue,
                   diagnostics& problems) {
    const std::string wanted = address_scheme(*catalogue.find(HAWSER_KIND_SEND_ADAPTER, type));
    const json_value* list = fields.of(allowed_locations, json_value::kind::array);
    for (std::size_t i = 0; list != nullptr && i < list->elements.size(); ++i) {
        const json_value& one = list->elements[i];
        const std::string scheme = one.is(json_value::kind::string) ? scheme_of_location(one.text) : "";
        if (!scheme.empty() && scheme != wanted) {
            problems.error(one.position, fields.at(allowed_locations) + '/' + std::to_string(i),
                           "this port sends by " + type + " only, whose locations begin with \"" + wanted + ":\"");
        }
    }
}

}  // namespace

void read_dynamic_addressing(field_reader& fields, send_port_binding& port, transport_reader& transports,
                             const component_catalogue& catalogue, diagnostics& problems) {
    read_allowed_locations(fields, port, catalogue, problems);
    fields.refuse("backupTransport",
                  "a dynamic port has no backup transport: the address comes from the message, which names one only");
    std::vector<std::string> schemes;
    for (const std::string& pattern : port.allowed_locations) {
        schemes.push_back(scheme_of_location(pattern));
    }
    const json_value* primary = fields.of("primaryTransport", json_value::kind::object);
    port.dynamic_transports = transports.read_dynamic(
        primary, primary == nullptr ? fields.position() : primary->position, fields.at("primaryTransport"), schemes);
    if (!port.dynamic_transports.empty()) {
        port.primary = port.dynamic_transports.front();
    }
    if (primary != nullptr && primary->find("type") != nullptr && !port.dynamic_transports.empty()) {
        check_schemes(fields, port.primary.type, catalogue, problems);
    }
}

void refuse_dynamic_addressing(field_reader& fields) {
    fields.refuse(allowed_locations,
                  "this is for a dynamic port (\"dynamic\": true): a static one has its own address");
}

}  // namespace hawser::engine
