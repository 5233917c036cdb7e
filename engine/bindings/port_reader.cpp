#include "bindings/port_reader.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "base/log.hpp"
#include "bindings/field_reader.hpp"
#include "bindings/filter_reader.hpp"
#include "bindings/property_reader.hpp"
#include "bindings/tracking_reader.hpp"

namespace hawser::engine {
namespace {

constexpr std::int64_t retry_interval_max_ms = std::int64_t{525600} * 60 * 1000;  // spec section 4
constexpr std::size_t port_name_size_max = 255;

struct stage_name {
    const char* name;
    std::uint32_t stage;
};
constexpr stage_name send_stages[] = {
    {"preAssemble", HAWSER_STAGE_PRE_ASSEMBLE}, {"assemble", HAWSER_STAGE_ASSEMBLE}, {"encode", HAWSER_STAGE_ENCODE}};

class port_reader {
public:
    port_reader(const bindings_document& document, const component_catalogue& catalogue, const host_bindings& so_far,
                diagnostics& problems)
        : root_(document.root), catalogue_(catalogue), so_far_(so_far), problems_(problems) {
        if (const json_value* pipelines = root_.find("pipelines"); pipelines != nullptr) {
            if (!pipelines->is(json_value::kind::object)) {
                problems_.error(pipelines->position, "/pipelines", "this must be an object: name → stages");
            } else {
                pipelines_ = pipelines;
            }
        }
    }

    std::vector<send_port_binding> read() {
        std::vector<send_port_binding> ports;
        const json_value* list = root_.find("sendPorts");
        if (list == nullptr || !list->is(json_value::kind::array)) {
            problems_.error(list == nullptr ? root_.position : list->position, "/sendPorts",
                            "the bindings need a list of send ports");
            return ports;
        }
        std::map<std::string, source_position> names;
        for (std::size_t i = 0; i < list->elements.size(); ++i) {
            send_port_binding port = read_port(list->elements[i], "/sendPorts/" + std::to_string(i));
            const auto [twin, is_new] = names.try_emplace(port.name, port.position);
            if (!is_new && !port.name.empty()) {
                problems_.error(port.position, port.pointer + "/name",
                                "there are two send ports \"" + port.name + "\": the other is at " + twin->second.file +
                                    ':' + std::to_string(twin->second.line) + ':' +
                                    std::to_string(twin->second.column));
            }
            ports.push_back(std::move(port));
        }
        check_unused_pipelines();
        return ports;
    }

private:
    send_port_binding read_port(const json_value& value, const std::string& pointer) {
        send_port_binding port;
        port.position = value.position;
        port.pointer = pointer;
        field_reader fields(value, pointer, problems_);
        port.name = fields.string("name");
        if (port.name.empty() || port.name.size() > port_name_size_max) {
            problems_.error(value.position, pointer, "a send port needs a name of at most 255 bytes");
        }
        port.state = fields.word("state", {"bound", "stopped", "started"}, "started");
        port.is_dynamic = fields.boolean("dynamic", false);
        if (port.is_dynamic) {
            problems_.error(value.find("dynamic")->position, fields.at("dynamic"),
                            "dynamic ports are not supported by this version");
        }
        read_options(fields, port);
        port.tracking = read_tracking(fields, problems_);
        read_pipeline(fields, port);
        read_transports(fields, port);
        if (const json_value* filter = fields.of("filter", json_value::kind::object); filter != nullptr) {
            port.filter = read_filter(*filter, fields.at("filter"), problems_);
        }
        for (const auto& [key, what] : {std::pair{"serviceWindow", "a service window"},
                                        std::pair{"routeFailedMessage", "routing of failed messages"},
                                        std::pair{"deliveryNotification", "delivery notification"},
                                        std::pair{"allowedLocations", "dynamic addressing (allowedLocations)"},
                                        std::pair{"backoff", "exponential backoff"},
                                        std::pair{"maximumAge", "a maximum age"}, std::pair{"rate", "a rate limit"}}) {
            fields.not_yet(key, what);
        }
        fields.finish();
        return port;
    }

    void read_options(field_reader& fields, send_port_binding& port) {
        fields.any("description");
        port.is_ordered = fields.boolean("orderedDelivery", false);
        port.stops_on_failure = fields.boolean("stopSendingOnFailure", false);
        port.spools_before_send = fields.boolean("spoolBeforeSend", false);
        port.priority = static_cast<std::uint8_t>(fields.integer("priority", 5, 1, 10));
        port.in_flight_max = static_cast<std::uint32_t>(fields.integer("maxInFlight", 64, 1, 10000));
        port.require = fields.word("require", {"none", "signed", "encrypted", "signedAndEncrypted"}, "");
        port.encryption_certificates = fields.strings("encryptionCertificates");
        for (const std::string& root : fields.strings("attachmentRoots")) {
            const std::string path = (std::filesystem::path(so_far_.base_directory) / root).lexically_normal().string();
            std::error_code failure;
            if (!std::filesystem::is_directory(path, failure)) {
                problems_.error(fields.position(), fields.at("attachmentRoots"), "there is no folder " + path);
            }
            port.attachment_roots.push_back(path);
        }
    }

    void read_transports(field_reader& fields, send_port_binding& port) {
        const json_value* primary = fields.of("primaryTransport", json_value::kind::object);
        if (primary == nullptr) {
            problems_.error(fields.position(), fields.at("primaryTransport"),
                            "a send port needs a primaryTransport: {\"type\": \"SMTP\", \"address\": \"mailto:…\"}");
        } else {
            port.primary = read_transport(*primary, fields.at("primaryTransport"));
        }
        const json_value* backup = fields.of("backupTransport", json_value::kind::object);
        if (backup != nullptr && port.is_ordered) {
            problems_.error(backup->position, fields.at("backupTransport"),
                            "an ordered port has no backup transport: it would change the order");
        } else if (backup != nullptr) {
            port.backup = read_transport(*backup, fields.at("backupTransport"));
        }
    }

    transport_binding read_transport(const json_value& value, const std::string& pointer) {
        transport_binding transport;
        transport.position = value.position;
        transport.pointer = pointer;
        field_reader fields(value, pointer, problems_);
        transport.type = fields.string("type");
        transport.address = fields.string("address");
        transport.retry_count = static_cast<std::uint32_t>(fields.integer("retryCount", 3, 0, 1000));
        transport.retry_interval_ms =
            fields.duration_ms("retryInterval", transport.retry_interval_ms, retry_interval_max_ms);
        const json_value* properties = fields.any("properties");
        fields.finish();
        const hawser_descriptor* descriptor = catalogue_.find(HAWSER_KIND_SEND_ADAPTER, transport.type);
        if (descriptor == nullptr) {
            const json_value* type = value.find("type");
            problems_.error(type == nullptr ? value.position : type->position, fields.at("type"),
                            transport.type.empty()
                                ? "a transport needs a type, like \"SMTP\""
                                : "no loaded plugin has a send adapter \"" + printable(transport.type, 60) + '"',
                            suggest(transport.type, catalogue_.names(HAWSER_KIND_SEND_ADAPTER)));
            return transport;
        }
        check_address(transport, value, *descriptor);
        merge_properties(transport, properties, *descriptor);
        return transport;
    }

    void check_address(const transport_binding& transport, const json_value& value,
                       const hawser_descriptor& descriptor) {
        const std::string scheme = std::string(descriptor.address_scheme.data, descriptor.address_scheme.size) + ':';
        if (!transport.address.empty() && transport.address.compare(0, scheme.size(), scheme) != 0) {
            problems_.error(value.find("address")->position, transport.pointer + "/address",
                            "an address of " + transport.type + " begins with \"" + scheme + "\", like \"" + scheme +
                                "someone@example.org\"");
        }
    }

    void merge_properties(transport_binding& transport, const json_value* properties,
                          const hawser_descriptor& descriptor) {
        const std::string pointer = transport.pointer + "/properties";
        if (const auto handler = so_far_.send_handlers.find(transport.type); handler != so_far_.send_handlers.end()) {
            transport.handler_properties = handler->second.properties;
        }
        transport.properties = transport.handler_properties;
        if (properties != nullptr) {
            for (auto& [name, one] : read_properties(*properties, pointer, descriptor, property_level::port,
                                                     so_far_.base_directory, problems_)) {
                transport.properties[name] = std::move(one);
            }
        }
        add_defaults(transport.properties, descriptor);
        check_required(transport.properties, descriptor, !transport.address.empty(), transport.position,
                       transport.pointer, problems_);
        validate(HAWSER_KIND_SEND_ADAPTER, transport.type, transport.properties, transport.position, pointer);
    }

    // The plugin's own rules; what they say of a property points to where it was written.
    void validate(std::uint32_t kind, const std::string& id, const typed_properties& properties,
                  const source_position& position, const std::string& pointer) {
        catalogue_.validate(kind, id, properties, [&](bool is_error, const std::string& at, const std::string& text) {
            const auto property = properties.find(at.empty() ? at : at.substr(1));
            const bool is_written = property != properties.end() && property->second.position.line != 0;
            diagnostic one{is_error ? severity::error : severity::warning,
                           is_written ? property->second.position : position,
                           is_written ? property->second.pointer : pointer + at, text, ""};
            problems_.add(std::move(one));
        });
    }

    void read_pipeline(field_reader& fields, send_port_binding& port) {
        const json_value* value = fields.any("pipeline");
        const json_value* overrides = fields.of("pipelineProperties", json_value::kind::object);
        if (value == nullptr) {
            return;
        }
        std::string pointer = fields.at("pipeline");
        if (value->is(json_value::kind::string)) {
            const json_value* named = pipelines_ == nullptr ? nullptr : pipelines_->find(value->text);
            if (named == nullptr) {
                std::vector<std::string> names;
                for (const json_member& member :
                     pipelines_ == nullptr ? std::vector<json_member>{} : pipelines_->members) {
                    names.push_back(member.key);
                }
                problems_.error(value->position, pointer, "there is no pipeline \"" + printable(value->text, 60) + '"',
                                suggest(value->text, names));
                return;
            }
            used_pipelines_.insert(value->text);
            pointer = "/pipelines/" + pointer_token(value->text);
            value = named;
        }
        port.pipeline = read_stages(*value, pointer, overrides, fields.at("pipelineProperties"));
    }

    std::vector<component_binding> read_stages(const json_value& value, const std::string& pointer,
                                               const json_value* overrides, const std::string& overrides_pointer) {
        std::vector<component_binding> components;
        field_reader stages(value, pointer, problems_);
        std::set<std::string> overridden;
        for (const stage_name& one : send_stages) {
            const json_value* list = stages.of(one.name, json_value::kind::array);
            for (std::size_t i = 0; list != nullptr && i < list->elements.size(); ++i) {
                components.push_back(read_component(list->elements[i], stages.at(one.name) + '/' + std::to_string(i),
                                                    one, overrides, overrides_pointer));
                overridden.insert(components.back().component);
            }
        }
        stages.finish();
        for (const json_member& member : overrides == nullptr ? std::vector<json_member>{} : overrides->members) {
            if (overridden.count(member.key) == 0) {
                problems_.error(member.key_position, overrides_pointer + '/' + pointer_token(member.key),
                                "the port's pipeline has no component \"" + printable(member.key, 60) + '"',
                                suggest(member.key, {overridden.begin(), overridden.end()}));
            }
        }
        return components;
    }

    component_binding read_component(const json_value& value, const std::string& pointer, const stage_name& stage,
                                     const json_value* overrides, const std::string& overrides_pointer) {
        component_binding component;
        component.stage = stage.stage;
        component.stage_name = stage.name;
        component.position = value.position;
        component.pointer = pointer;
        field_reader fields(value, pointer, problems_);
        component.component = fields.string("component");
        const json_value* properties = fields.any("properties");
        fields.finish();
        const hawser_descriptor* descriptor = catalogue_.find(HAWSER_KIND_PIPELINE_COMPONENT, component.component);
        if (descriptor == nullptr) {
            const json_value* name = value.find("component");
            problems_.error(name == nullptr ? value.position : name->position, fields.at("component"),
                            "no loaded plugin has a pipeline component \"" + printable(component.component, 60) + '"',
                            suggest(component.component, catalogue_.names(HAWSER_KIND_PIPELINE_COMPONENT)));
            return component;
        }
        if ((descriptor->stages & stage.stage) == 0) {
            problems_.error(value.position, pointer, component.component + " cannot stand in the stage " + stage.name);
        }
        merge_component_properties(component, properties, overrides, overrides_pointer, *descriptor);
        return component;
    }

    void merge_component_properties(component_binding& component, const json_value* properties,
                                    const json_value* overrides, const std::string& overrides_pointer,
                                    const hawser_descriptor& descriptor) {
        const auto read = [&](const json_value& object, const std::string& pointer) {
            for (auto& [name, one] : read_properties(object, pointer, descriptor, property_level::component,
                                                     so_far_.base_directory, problems_)) {
                component.properties[name] = std::move(one);
            }
        };
        if (properties != nullptr) {
            read(*properties, component.pointer + "/properties");
        }
        if (const json_value* own = overrides == nullptr ? nullptr : overrides->find(component.component);
            own != nullptr) {
            read(*own, overrides_pointer + '/' + pointer_token(component.component));
        }
        add_defaults(component.properties, descriptor);
        check_required(component.properties, descriptor, false, component.position, component.pointer, problems_);
        validate(HAWSER_KIND_PIPELINE_COMPONENT, component.component, component.properties, component.position,
                 component.pointer + "/properties");
    }

    // A mistake in a pipeline that no port uses is a mistake all the same.
    void check_unused_pipelines() {
        for (const json_member& member : pipelines_ == nullptr ? std::vector<json_member>{} : pipelines_->members) {
            if (used_pipelines_.count(member.key) == 0) {
                read_stages(member.value, "/pipelines/" + pointer_token(member.key), nullptr, "");
            }
        }
    }

    const json_value& root_;
    const component_catalogue& catalogue_;
    const host_bindings& so_far_;
    diagnostics& problems_;
    const json_value* pipelines_ = nullptr;
    std::set<std::string> used_pipelines_;
};

}  // namespace

std::vector<send_port_binding> read_send_ports(const bindings_document& document, const component_catalogue& catalogue,
                                               const host_bindings& so_far, diagnostics& problems) {
    return port_reader(document, catalogue, so_far, problems).read();
}

}  // namespace hawser::engine
