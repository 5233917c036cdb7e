#include "bindings/transport_reader.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "bindings/field_reader.hpp"
#include "bindings/location_reader.hpp"
#include "bindings/property_reader.hpp"
#include "bindings/schedule_reader.hpp"

namespace hawser::engine {

transport_reader::transport_reader(const bindings_document& document, const component_catalogue& catalogue,
                                   const host_bindings& so_far, diagnostics& problems)
    : root_(document.root), catalogue_(catalogue), so_far_(so_far), problems_(problems) {}

transport_binding transport_reader::read(const json_value& value, const std::string& pointer) {
    transport_binding transport;
    transport.position = value.position;
    transport.pointer = pointer;
    field_reader fields(value, pointer, problems_);
    transport.type = fields.string("type");
    transport.address = fields.string("address");
    read_schedule(fields, transport, problems_);
    const json_value* properties = fields.any("properties");
    fields.finish();
    if (const hawser_descriptor* descriptor = find_adapter(transport, value); descriptor != nullptr) {
        check_address(transport, value, *descriptor);
        merge_properties(transport, properties, *descriptor);
        check_properties(transport, !transport.address.empty(), *descriptor);
    }
    return transport;
}

std::vector<transport_binding> transport_reader::read_dynamic(const json_value* value, const source_position& position,
                                                              const std::string& pointer,
                                                              const std::vector<std::string>& schemes) {
    transport_binding common;
    common.position = position;
    common.pointer = pointer;
    const json_value* properties = nullptr;
    std::vector<std::string> types = catalogue_.names(HAWSER_KIND_SEND_ADAPTER);
    const bool is_named = value != nullptr && value->find("type") != nullptr;
    if (value != nullptr) {
        field_reader fields(*value, pointer, problems_);
        common.type = fields.string("type");
        fields.refuse("address", "each message brings its own address to a dynamic port: remove this one");
        read_schedule(fields, common, problems_);
        properties = fields.any("properties");
        fields.finish();
        if (is_named) {
            types = find_adapter(common, *value) == nullptr ? std::vector<std::string>{}
                                                            : std::vector<std::string>{common.type};
        } else if (properties != nullptr) {
            problems_.error(properties->position, fields.at("properties"),
                            "these belong to one adapter: name it in \"type\", or set them in /sendHandlers");
            properties = nullptr;
        }
    }
    std::vector<transport_binding> all;
    for (const std::string& type : types) {
        const hawser_descriptor& descriptor = *catalogue_.find(HAWSER_KIND_SEND_ADAPTER, type);
        transport_binding& transport = all.emplace_back(common);
        transport.type = type;
        merge_properties(transport, properties, descriptor);
        const bool is_reachable =
            std::find(schemes.begin(), schemes.end(), address_scheme(descriptor)) != schemes.end();
        if (is_named || (is_configured(type) && is_reachable)) {
            check_properties(transport, true, descriptor);
        }
    }
    return all;
}

const hawser_descriptor* transport_reader::find_adapter(const transport_binding& transport, const json_value& value) {
    const hawser_descriptor* descriptor = catalogue_.find(HAWSER_KIND_SEND_ADAPTER, transport.type);
    if (descriptor == nullptr) {
        const json_value* type = value.find("type");
        problems_.error(type == nullptr ? value.position : type->position, transport.pointer + "/type",
                        transport.type.empty()
                            ? "a transport needs a type, like \"SMTP\""
                            : "no loaded plugin has a send adapter \"" + printable(transport.type, 60) + '"',
                        suggest(transport.type, catalogue_.names(HAWSER_KIND_SEND_ADAPTER)));
    }
    return descriptor;
}

void transport_reader::check_address(const transport_binding& transport, const json_value& value,
                                     const hawser_descriptor& descriptor) {
    const std::string scheme = std::string(descriptor.address_scheme.data, descriptor.address_scheme.size) + ':';
    if (!transport.address.empty() && transport.address.compare(0, scheme.size(), scheme) != 0) {
        problems_.error(value.find("address")->position, transport.pointer + "/address",
                        "an address of " + transport.type + " begins with \"" + scheme + "\", like \"" + scheme +
                            "someone@example.org\"");
    }
}

void transport_reader::merge_properties(transport_binding& transport, const json_value* properties,
                                        const hawser_descriptor& descriptor) {
    if (const auto handler = so_far_.send_handlers.find(transport.type); handler != so_far_.send_handlers.end()) {
        transport.handler_properties = handler->second.properties;
    }
    transport.properties = transport.handler_properties;
    if (properties != nullptr) {
        for (auto& [name, one] : read_properties(*properties, transport.pointer + "/properties", descriptor,
                                                 property_level::port, so_far_.base_directory, problems_)) {
            transport.properties[name] = std::move(one);
        }
    }
    add_defaults(transport.properties, descriptor);
}

void transport_reader::check_properties(const transport_binding& transport, bool has_address,
                                        const hawser_descriptor& descriptor) {
    check_required(transport.properties, descriptor, has_address, transport.position, transport.pointer, problems_);
    check_plugin_rules(catalogue_, descriptor, transport.properties, transport.position,
                       transport.pointer + "/properties", problems_);
}

bool transport_reader::is_configured(const std::string& type) const {
    const json_value* handlers = root_.find("sendHandlers");
    return handlers != nullptr && handlers->find(type) != nullptr;
}

}  // namespace hawser::engine
