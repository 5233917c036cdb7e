// The protocol's JSON of groups, receive ports and reloads.
#include <nlohmann/json.hpp>

#include "control/control_codec.hpp"
#include "control/control_fields.hpp"

namespace hawser::engine::control {
namespace {

json names_json(const changed_names& names) {
    return {{"added", names.added}, {"changed", names.changed}, {"removed", names.removed}};
}

changed_names names_from(const json& value) {
    return {.added = strings_from(field(value, "added")),
            .changed = strings_from(field(value, "changed")),
            .removed = strings_from(field(value, "removed"))};
}

json problem_json(const problem& one) {
    return {{"is_error", one.is_error}, {"file", one.file},       {"line", one.line},
            {"column", one.column},     {"pointer", one.pointer}, {"text", one.text}};
}

problem problem_from(const json& value) {
    problem one;
    one.is_error = flag(value, "is_error");
    one.file = text(value, "file");
    one.line = natural32(value, "line");
    one.column = natural32(value, "column");
    one.pointer = text(value, "pointer");
    one.text = text(value, "text");
    return one;
}

}  // namespace

json to_json(const std::vector<group_summary>& list) {
    return list_of(list, [](const group_summary& one) {
        return json{
            {"name", one.name}, {"state", one.state}, {"ports", one.ports}, {"held", one.held}, {"note", one.note}};
    });
}

std::vector<group_summary> group_summaries_from(const json& value) {
    return list_from<group_summary>(value, [](const json& one) {
        return group_summary{.name = text(one, "name"),
                             .state = text(one, "state"),
                             .ports = strings_from(field(one, "ports")),
                             .held = natural(one, "held"),
                             .note = text(one, "note")};
    });
}

json to_json(const std::vector<receive_port_summary>& list) {
    return list_of(list, [](const receive_port_summary& one) {
        return json{{"name", one.name}, {"pipeline", one.pipeline}, {"components", one.components}};
    });
}

std::vector<receive_port_summary> receive_port_summaries_from(const json& value) {
    return list_from<receive_port_summary>(value, [](const json& one) {
        return receive_port_summary{.name = text(one, "name"),
                                    .pipeline = text(one, "pipeline"),
                                    .components = strings_from(field(one, "components"))};
    });
}

json to_json(const reload_options& options) {
    return {{"suspends_removed", options.suspends_removed}, {"in_flight_wait_ms", options.in_flight_wait_ms}};
}

reload_options reload_options_from(const json& value) {
    return {.suspends_removed = flag(value, "suspends_removed"),
            .in_flight_wait_ms = natural32(value, "in_flight_wait_ms")};
}

json to_json(const reload_answer& answer) {
    return {{"code", word_of(answer_words, answer.code)},
            {"text", answer.text},
            {"problems", list_of(answer.problems, problem_json)},
            {"ports", names_json(answer.ports)},
            {"groups", names_json(answer.groups)},
            {"receive_ports", names_json(answer.receive_ports)},
            {"renewed_adapters", answer.renewed_adapters},
            {"suspended", answer.suspended},
            {"notes", answer.notes}};
}

reload_answer reload_answer_from(const json& value) {
    return {.code = value_of(answer_words, text(value, "code")),
            .text = text(value, "text"),
            .problems = list_from<problem>(field(value, "problems"), problem_from),
            .ports = names_from(field(value, "ports")),
            .groups = names_from(field(value, "groups")),
            .receive_ports = names_from(field(value, "receive_ports")),
            .renewed_adapters = strings_from(field(value, "renewed_adapters")),
            .suspended = natural(value, "suspended"),
            .notes = strings_from(field(value, "notes"))};
}

}  // namespace hawser::engine::control
