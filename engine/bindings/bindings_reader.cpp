#include "bindings/bindings_reader.hpp"

#include <algorithm>
#include <filesystem>

#include "base/log.hpp"
#include "bindings/field_reader.hpp"
#include "bindings/filter_reader.hpp"
#include "bindings/port_reader.hpp"
#include "bindings/property_reader.hpp"
#include "bindings/tracking_reader.hpp"

namespace hawser::engine {
namespace {

constexpr std::int64_t day_ms = std::int64_t{24} * 3600 * 1000;

std::string absolute_path(const std::string& base, const std::string& path) {
    return path.empty() ? "" : (std::filesystem::path(base) / path).lexically_normal().string();
}

certificate_folders read_certificates(field_reader& host, const std::string& base, diagnostics& problems) {
    certificate_folders folders;
    const json_value* object = host.of("certificates", json_value::kind::object);
    if (object == nullptr) {
        return folders;
    }
    field_reader fields(*object, host.at("certificates"), problems);
    const auto folder = [&](const char* key) {
        const json_value* value = object->find(key);
        const std::string path = absolute_path(base, fields.string(key));
        std::error_code failure;
        if (value != nullptr && !path.empty() && !std::filesystem::is_directory(path, failure)) {
            problems.error(value->position, fields.at(key), "there is no folder " + path);
        }
        return path;
    };
    folders.personal = folder("personal");
    folders.other_people = folder("otherPeople");
    folders.trusted = folder("trusted");
    folders.signing = fields.string("signing");
    fields.finish();
    return folders;
}

// Only authentication by the process account would use it, which no adapter of this version has: said, not ignored.
void read_service_account(field_reader& host, diagnostics& problems) {
    const json_value* object = host.of("serviceAccount", json_value::kind::object);
    if (object == nullptr) {
        return;
    }
    field_reader fields(*object, host.at("serviceAccount"), problems);
    fields.string("domain");
    fields.string("user");
    fields.any("password");
    fields.finish();
    problems.warning(object->position, host.at("serviceAccount"),
                     "nothing uses the service account in this version: no adapter has process-account authentication");
}

host_binding read_host(const json_value& root, const std::string& base, diagnostics& problems) {
    host_binding host;
    host.message_box_path = absolute_path(base, "state/messagebox.db");
    const json_value* object = root.find("host");
    if (object == nullptr) {
        problems.error(root.position, "/host", "the bindings need a \"host\" object with a name and a message box");
        return host;
    }
    field_reader fields(*object, "/host", problems);
    host.name = fields.string("name", host.name);
    host.certificates = read_certificates(fields, base, problems);
    host.worker_count = static_cast<unsigned>(fields.integer("workers", 2, 1, 64));
    host.stop_grace_ms = fields.duration_ms("stopGrace", host.stop_grace_ms, day_ms);
    read_service_account(fields, problems);
    host.tracking = read_retention(fields, problems);
    if (const json_value* box = fields.of("messageBox", json_value::kind::object); box != nullptr) {
        field_reader box_fields(*box, "/host/messageBox", problems);
        box_fields.word("type", {"sqlite"}, "sqlite");
        host.message_box_path = absolute_path(base, box_fields.string("path", "state/messagebox.db"));
        host.indexed_properties = read_indexed_properties(box_fields, problems);
        box_fields.finish();
    }
    fields.finish();
    return host;
}

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
        group.name = fields.string("name");
        if (group.name.empty()) {
            problems.error(value.position, fields.pointer(), "a group needs a name");
        }
        group.ports = fields.strings("ports");
        group.state = fields.word("state", {"bound", "started"}, "started");
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
    for (const char* key :
         {"$schema", "host", "plugins", "include", "sendHandlers", "pipelines", "sendPorts", "sendPortGroups"}) {
        root.any(key);
    }
    root.not_yet("receivePorts", "receiving (receivePorts)");
    root.not_yet("parties", "parties");
    root.finish();
    out.host = read_host(document.root, out.base_directory, problems);
    read_send_handlers(document.root, catalogue, out, problems);
    out.send_ports = read_send_ports(document, catalogue, out, problems);
    read_groups(document.root, out, problems);
    return out;
}

}  // namespace hawser::engine
