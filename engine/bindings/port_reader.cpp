#include "bindings/port_reader.hpp"

#include <filesystem>
#include <map>

#include "bindings/audit_reader.hpp"
#include "bindings/dynamic_port_reader.hpp"
#include "bindings/field_reader.hpp"
#include "bindings/filter_reader.hpp"
#include "bindings/pipeline_reader.hpp"
#include "bindings/tracking_reader.hpp"
#include "bindings/transport_reader.hpp"
#include "bindings/used_adapters.hpp"

namespace hawser::engine {
namespace {

constexpr std::size_t port_name_size_max = 255;
constexpr std::int64_t maximum_age_max_ms = std::int64_t{3650} * 24 * 3600 * 1000;  // ten years

class port_reader {
public:
    port_reader(const bindings_document& document, const component_catalogue& catalogue, pipeline_reader& pipelines,
                const host_bindings& so_far, diagnostics& problems)
        : root_(document.root),
          base_directory_(document.base_directory),
          catalogue_(catalogue),
          archives_(so_far.host.audit_archives),
          problems_(problems),
          pipelines_(pipelines),
          transports_(document, catalogue, so_far, problems) {}

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
        read_options(fields, port);
        read_order(fields, port);
        port.tracking = read_tracking(fields, problems_);
        port.pipeline = pipelines_.read(fields, port.name, pipeline_direction::send);
        if (port.is_dynamic) {
            read_dynamic_addressing(fields, port, transports_, catalogue_, problems_);
        } else {
            read_transports(fields, port);
            refuse_dynamic_addressing(fields);
        }
        read_audit(fields, port, archives_, catalogue_, problems_);
        check_composer_effects(port, catalogue_, problems_);
        if (const json_value* filter = fields.of("filter", json_value::kind::object); filter != nullptr) {
            port.filter = read_filter(*filter, fields.at("filter"), problems_);
        }
        for (const char* key : {"retryCount", "retryInterval", "backoff", "serviceWindow"}) {
            fields.refuse(key, "this belongs to a transport: move it into primaryTransport or backupTransport");
        }
        fields.finish();
        return port;
    }

    void read_options(field_reader& fields, send_port_binding& port) {
        fields.any("description");
        port.spools_before_send = fields.boolean("spoolBeforeSend", false);
        port.priority = static_cast<std::uint8_t>(fields.integer("priority", 5, 1, 10));
        port.in_flight_max = static_cast<std::uint32_t>(fields.integer("maxInFlight", 64, 1, 10000));
        port.rate = fields.rate_limit("rate");
        port.maximum_age_ms = fields.duration_ms("maximumAge", 0, maximum_age_max_ms, 1000);
        port.routes_failed_messages = fields.boolean("routeFailedMessage", false);
        port.notifies_delivery = fields.boolean("deliveryNotification", false);
        port.require = fields.word("require", {"none", "signed", "encrypted", "signedAndEncrypted"}, "");
        port.encryption_certificates = fields.strings("encryptionCertificates");
        for (const std::string& root : fields.strings("attachmentRoots")) {
            const std::string path = (std::filesystem::path(base_directory_) / root).lexically_normal().string();
            std::error_code failure;
            if (!std::filesystem::is_directory(path, failure)) {
                problems_.error(fields.position(), fields.at("attachmentRoots"), "there is no folder " + path);
            }
            port.attachment_roots.push_back(path);
        }
    }

    void read_order(field_reader& fields, send_port_binding& port) {
        port.is_ordered = fields.boolean("orderedDelivery", false);
        port.stops_on_failure = fields.boolean("stopSendingOnFailure", false);
        port.is_ordered_by_location = fields.boolean("orderPerLocation", false);
        if (port.stops_on_failure && !port.is_ordered) {
            problems_.error(fields.any("stopSendingOnFailure")->position, fields.at("stopSendingOnFailure"),
                            "this is for ports with \"orderedDelivery\": true: without an order nothing waits for a "
                            "message that failed");
        }
        if (port.is_ordered_by_location && !(port.is_ordered && port.is_dynamic)) {
            problems_.error(fields.any("orderPerLocation")->position, fields.at("orderPerLocation"),
                            "this is for dynamic ports with \"orderedDelivery\": true: a static port has one location");
        }
    }

    void read_transports(field_reader& fields, send_port_binding& port) {
        const json_value* primary = fields.of("primaryTransport", json_value::kind::object);
        if (primary == nullptr) {
            problems_.error(fields.position(), fields.at("primaryTransport"),
                            "a send port needs a primaryTransport: {\"type\": \"SMTP\", \"address\": \"mailto:…\"}");
        } else {
            port.primary = transports_.read(*primary, fields.at("primaryTransport"));
        }
        const json_value* backup = fields.of("backupTransport", json_value::kind::object);
        if (backup != nullptr && port.is_ordered) {
            problems_.error(backup->position, fields.at("backupTransport"),
                            "an ordered port has no backup transport: it would change the order");
        } else if (backup != nullptr) {
            port.backup = transports_.read(*backup, fields.at("backupTransport"));
        }
    }

    const json_value& root_;
    const std::string& base_directory_;
    const component_catalogue& catalogue_;
    const std::vector<audit_archive_binding>& archives_;
    diagnostics& problems_;
    pipeline_reader& pipelines_;
    transport_reader transports_;
};

}  // namespace

std::vector<send_port_binding> read_send_ports(const bindings_document& document, const component_catalogue& catalogue,
                                               pipeline_reader& pipelines, const host_bindings& so_far,
                                               diagnostics& problems) {
    return port_reader(document, catalogue, pipelines, so_far, problems).read();
}

}  // namespace hawser::engine
