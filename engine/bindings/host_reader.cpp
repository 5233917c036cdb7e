#include "bindings/host_reader.hpp"

#include <algorithm>
#include <filesystem>

#include "bindings/audit_reader.hpp"
#include "bindings/field_reader.hpp"
#include "bindings/location_reader.hpp"
#include "bindings/revocation_reader.hpp"
#include "bindings/service_account_reader.hpp"
#include "bindings/tracking_reader.hpp"

namespace hawser::engine {
namespace {

constexpr std::int64_t queue_depth_limit = 1'000'000'000;
constexpr std::int64_t disk_free_limit_bytes = 1'000'000'000'000'000;  // 1 PB
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
    folders.revocation = read_revocation(fields, base);
    fields.finish();
    return folders;
}

limits_binding read_limits(field_reader& host, diagnostics& problems) {
    limits_binding limits;
    const json_value* object = host.of("limits", json_value::kind::object);
    if (object == nullptr) {
        return limits;
    }
    field_reader fields(*object, host.at("limits"), problems);
    limits.queue_depth_max = static_cast<std::uint64_t>(fields.integer("queueDepth", 0, 0, queue_depth_limit));
    limits.disk_free_min_bytes = fields.size_bytes("diskFree", limits.disk_free_min_bytes, disk_free_limit_bytes);
    fields.finish();
    return limits;
}

destination_binding read_destination(const json_value& value, const std::string& pointer,
                                     const component_catalogue& catalogue, diagnostics& problems) {
    destination_binding destination;
    destination.position = value.position;
    destination.pointer = pointer;
    field_reader fields(value, pointer, problems);
    if (!value.is(json_value::kind::object)) {
        return destination;
    }
    if (const json_value* location = fields.any("location"); location != nullptr) {
        destination.location = read_location_pattern(*location, fields.at("location"), catalogue, problems);
    } else {
        problems.error(value.position, pointer, "a destination needs a location, like \"mailto:*@partner.example\"");
    }
    destination.in_flight_max = static_cast<std::uint32_t>(fields.integer("maxInFlight", 0, 1, 10000));
    destination.rate = fields.rate_limit("rate");
    fields.finish();
    if (value.find("maxInFlight") == nullptr && value.find("rate") == nullptr) {
        problems.error(value.position, pointer, "a destination limits something: give it a maxInFlight or a rate");
    }
    return destination;
}

std::vector<destination_binding> read_destinations(field_reader& host, const component_catalogue& catalogue,
                                                   diagnostics& problems) {
    std::vector<destination_binding> all;
    const json_value* list = host.of("destinations", json_value::kind::array);
    for (std::size_t i = 0; list != nullptr && i < list->elements.size(); ++i) {
        destination_binding one =
            read_destination(list->elements[i], host.at("destinations") + '/' + std::to_string(i), catalogue, problems);
        const bool is_twin = std::any_of(all.begin(), all.end(), [&](const destination_binding& other) {
            return !one.location.empty() && other.location == one.location;
        });
        if (is_twin) {
            problems.error(one.position, one.pointer + "/location", '"' + one.location + "\" stands here twice");
        }
        all.push_back(std::move(one));
    }
    return all;
}

void read_message_box(field_reader& host, const std::string& base, host_binding& out, diagnostics& problems) {
    out.message_box_path = absolute_path(base, "state/messagebox.db");
    const json_value* object = host.of("messageBox", json_value::kind::object);
    if (object == nullptr) {
        return;
    }
    field_reader fields(*object, host.at("messageBox"), problems);
    fields.word("type", {"sqlite"}, "sqlite");
    out.message_box_path = absolute_path(base, fields.string("path", "state/messagebox.db"));
    out.indexed_properties = read_indexed_properties(fields, problems);
    fields.finish();
}

}  // namespace

host_binding read_host(const bindings_document& document, const component_catalogue& catalogue, diagnostics& problems) {
    host_binding host;
    const json_value* object = document.root.find("host");
    if (object == nullptr) {
        problems.error(document.root.position, "/host",
                       "the bindings need a \"host\" object with a name and a message box");
        return host;
    }
    field_reader fields(*object, "/host", problems);
    host.name = fields.string("name", host.name);
    host.certificates = read_certificates(fields, document.base_directory, problems);
    host.worker_count = static_cast<unsigned>(fields.integer("workers", 2, 1, 64));
    host.stop_grace_ms = fields.duration_ms("stopGrace", host.stop_grace_ms, day_ms);
    host.service_account = read_service_account(fields, document.base_directory, problems);
    host.tracking = read_retention(fields, problems);
    host.destinations = read_destinations(fields, catalogue, problems);
    host.limits = read_limits(fields, problems);
    read_message_box(fields, document.base_directory, host, problems);
    host.audit_archives = read_audit_archives(fields, document.base_directory, problems);
    fields.finish();
    return host;
}

}  // namespace hawser::engine
