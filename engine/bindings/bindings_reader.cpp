#include "bindings/bindings_reader.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "bindings/field_reader.hpp"
#include "bindings/filter_reader.hpp"
#include "bindings/host_reader.hpp"
#include "bindings/pipeline_reader.hpp"
#include "bindings/port_reader.hpp"
#include "bindings/property_reader.hpp"
#include "bindings/receive_port_reader.hpp"

namespace hawser::engine {
namespace {

void read_send_handlers(const json_value& root, const component_catalogue& catalogue, host_bindings& out,
                        diagnostics& problems) {
    const json_value* handlers = root.find("sendHandlers");
    if (handlers != nullptr && !handlers->is(json_value::kind::object)) {
        problems.error(handlers->position, "/sendHandlers", "this must be an object: adapter → its properties");
        handlers = nullptr;
    }
    if (handlers != nullptr) {
        for (const json_member& member : handlers->members) {
            const std::string pointer = "/sendHandlers/" + pointer_token(member.key);
            const hawser_descriptor* descriptor = catalogue.find(HAWSER_KIND_SEND_ADAPTER, member.key);
            if (descriptor == nullptr) {
                const std::string near = nearest_name(member.key, catalogue.names(HAWSER_KIND_SEND_ADAPTER));
                problems.error(member.key_position, pointer,
                               "no loaded plugin has a send adapter \"" + printable(member.key, 60) +
                                   "\": name its plugin in /plugins",
                               near.empty() ? "" : "did you mean \"" + near + "\"?");
                continue;
            }
            out.send_handlers[member.key].properties = read_properties(
                member.value, pointer, *descriptor, property_level::handler, out.base_directory, problems);
        }
    }
    for (const std::string& name : catalogue.names(HAWSER_KIND_SEND_ADAPTER)) {
        out.send_handlers[name];  // every adapter has a handler, with its defaults where nobody configured one
    }
}

void read_groups(const json_value& root, host_bindings& out, diagnostics& problems) {
    const json_value* groups = root.find("sendPortGroups");
    if (groups == nullptr) {
        return;
    }
    if (!groups->is(json_value::kind::array)) {
        problems.error(groups->position, "/sendPortGroups", "this must be a list of groups");
        return;
    }
    for (std::size_t i = 0; i < groups->elements.size(); ++i) {
        const json_value& value = groups->elements[i];
        send_port_group_binding group;
        field_reader fields(value, "/sendPortGroups/" + std::to_string(i), problems);
        group.position = value.position;
        group.pointer = fields.pointer();
        group.name = fields.string("name");
        if (group.name.empty()) {
            problems.error(value.position, fields.pointer(), "a group needs a name");
        }
        group.ports = fields.strings("ports");
        group.state = fields.word("state", {"bound", "stopped", "started"}, "started");
        if (const json_value* filter = fields.of("filter", json_value::kind::object); filter != nullptr) {
            group.filter = read_filter(*filter, fields.at("filter"), problems);
        }
        fields.finish();
        for (std::size_t j = 0; j < group.ports.size(); ++j) {
            std::vector<std::string> names;
            for (const send_port_binding& port : out.send_ports) {
                names.push_back(port.name);
            }
            if (std::find(names.begin(), names.end(), group.ports[j]) == names.end()) {
                const std::string near = nearest_name(group.ports[j], names);
                problems.error(value.find("ports")->elements[j].position, fields.at("ports") + '/' + std::to_string(j),
                               "there is no send port \"" + printable(group.ports[j], 60) + '"',
                               near.empty() ? "" : "did you mean \"" + near + "\"?");
            }
        }
        out.send_port_groups.push_back(std::move(group));
    }
}

}  // namespace

host_bindings read_bindings(const bindings_document& document, const component_catalogue& catalogue,
                            diagnostics& problems) {
    host_bindings out;
    out.file = document.file;
    out.base_directory = document.base_directory;
    field_reader root(document.root, "", problems);
    for (const char* key : {"$schema", "host", "plugins", "include", "sendHandlers", "pipelines", "sendPorts",
                            "sendPortGroups", "receivePorts"}) {
        root.any(key);
    }
    root.refuse("parties", "parties are not supported by this version: remove them");
    root.finish();
    out.host = read_host(document, catalogue, problems);
    read_send_handlers(document.root, catalogue, out, problems);
    pipeline_reader pipelines(document, catalogue, problems);
    out.send_ports = read_send_ports(document, catalogue, pipelines, out, problems);
    read_groups(document.root, out, problems);
    out.receive_ports = read_receive_ports(document, pipelines, problems);
    pipelines.check_unused();
    return out;
}

}  // namespace hawser::engine
