#include "bindings/receive_port_reader.hpp"

#include <map>

#include "base/log.hpp"
#include "bindings/field_reader.hpp"

namespace hawser::engine {
namespace {

constexpr std::size_t receive_port_name_size_max = 255;  // BTS.ReceivePortName is promoted

receive_port_binding read_port(const json_value& value, const std::string& pointer, pipeline_reader& pipelines,
                               diagnostics& problems) {
    receive_port_binding port;
    port.position = value.position;
    port.pointer = pointer;
    field_reader fields(value, pointer, problems);
    port.name = fields.string("name");
    if (port.name.empty() || port.name.size() > receive_port_name_size_max) {
        problems.error(value.position, pointer, "a receive port needs a name of at most 255 bytes");
    }
    fields.any("description");
    if (const json_value* pipeline = fields.any("pipeline");
        pipeline != nullptr && pipeline->is(json_value::kind::string)) {
        port.pipeline_name = pipeline->text;
    }
    port.pipeline = pipelines.read(fields, port.name, pipeline_direction::receive);
    for (const char* key : {"receiveLocations", "address", "transport"}) {
        fields.refuse(key,
                      "there are no receive adapters in this version: remove this, and submit what comes in with "
                      "`hawser submit --receive-port " +
                          printable(port.name, 60) + '`');
    }
    fields.finish();
    return port;
}

}  // namespace

std::vector<receive_port_binding> read_receive_ports(const bindings_document& document, pipeline_reader& pipelines,
                                                     diagnostics& problems) {
    std::vector<receive_port_binding> ports;
    const json_value* list = document.root.find("receivePorts");
    if (list == nullptr) {
        return ports;
    }
    if (!list->is(json_value::kind::array)) {
        problems.error(list->position, "/receivePorts", "this must be a list of receive ports");
        return ports;
    }
    std::map<std::string, source_position> names;
    for (std::size_t i = 0; i < list->elements.size(); ++i) {
        receive_port_binding port =
            read_port(list->elements[i], "/receivePorts/" + std::to_string(i), pipelines, problems);
        const auto [twin, is_new] = names.try_emplace(port.name, port.position);
        if (!is_new && !port.name.empty()) {
            problems.error(port.position, port.pointer + "/name",
                           "there are two receive ports \"" + printable(port.name, 60) + "\": the other is at " +
                               twin->second.file + ':' + std::to_string(twin->second.line) + ':' +
                               std::to_string(twin->second.column));
        }
        ports.push_back(std::move(port));
    }
    return ports;
}

}  // namespace hawser::engine
