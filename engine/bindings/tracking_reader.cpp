#include "bindings/tracking_reader.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "message/context.hpp"

namespace hawser::engine {
namespace {

constexpr std::int64_t age_max_ms = std::int64_t{3650} * 24 * 3600 * 1000;  // ten years
constexpr std::int64_t size_max_bytes = 1'000'000'000'000'000;              // 1 PB
constexpr std::size_t indexed_count_max = 16;  // each is written with each message that has it

bool has(const std::vector<std::string>& words, const char* word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

tracking_binding read_tracking(field_reader& port, diagnostics& problems) {
    tracking_binding tracking;
    const json_value* object = port.of("tracking", json_value::kind::object);
    if (object == nullptr) {
        return tracking;
    }
    field_reader fields(*object, port.at("tracking"), problems);
    const std::vector<std::string> before = fields.words("beforePipeline", {"properties", "bodies"});
    const std::vector<std::string> after = fields.words("afterPipeline", {"properties", "bodies"});
    fields.finish();
    tracking.properties_before = has(before, "properties");
    tracking.bodies_before = has(before, "bodies");
    tracking.properties_after = has(after, "properties");
    tracking.bodies_after = has(after, "bodies");
    return tracking;
}

retention_binding read_retention(field_reader& host, diagnostics& problems) {
    retention_binding limits;
    const json_value* object = host.of("tracking", json_value::kind::object);
    if (object == nullptr) {
        return limits;
    }
    field_reader fields(*object, host.at("tracking"), problems);
    limits.age_ms = fields.duration_ms("maxAge", limits.age_ms, age_max_ms);
    limits.size_bytes = fields.size_bytes("maxSize", limits.size_bytes, size_max_bytes);
    fields.finish();
    return limits;
}

std::vector<std::string> read_indexed_properties(field_reader& message_box, diagnostics& problems) {
    const json_value* list = message_box.of("indexedProperties", json_value::kind::array);
    std::vector<std::string> names;
    if (list == nullptr) {
        return names;
    }
    const std::string pointer = message_box.at("indexedProperties");
    for (std::size_t i = 0; i < list->elements.size(); ++i) {
        const json_value& one = list->elements[i];
        const std::string at = pointer + '/' + std::to_string(i);
        if (!one.is(json_value::kind::string) || !message_context{}.set(one.text, {})) {
            problems.error(one.position, at, "a property is named Namespace.Name, like Invoice.Number");
        } else if (std::find(names.begin(), names.end(), one.text) != names.end()) {
            problems.error(one.position, at, '"' + one.text + "\" stands here twice");
        } else {
            names.push_back(one.text);
        }
    }
    if (names.size() > indexed_count_max) {
        problems.error(list->position, pointer,
                       "at most " + std::to_string(indexed_count_max) +
                           " properties are indexed: each is written with "
                           "each message that has it");
    }
    return names;
}

}  // namespace hawser::engine
