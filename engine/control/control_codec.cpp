#include "control/control_codec.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "control/control_fields.hpp"
#include "control/control_protocol.hpp"

namespace hawser::engine::control {
namespace {

using nlohmann::json;

json property_json(const message_property& one) {
    return {{"name", one.name}, {"value", one.value}, {"type", one.type}, {"is_promoted", one.is_promoted}};
}

message_property property_from(const json& value) {
    return {.name = text(value, "name"),
            .value = text(value, "value"),
            .type = text(value, "type"),
            .is_promoted = flag(value, "is_promoted")};
}

json delivery_json(const delivery_answer& one) {
    return {{"delivery", one.delivery},
            {"port", one.port},
            {"state", one.state},
            {"code", one.code},
            {"text", one.text},
            {"attempts", one.attempts},
            {"next_attempt_unix_ms", one.next_attempt_unix_ms},
            {"recipients", list_of(one.recipients, [](const recipient_answer& recipient) {
                 return json{{"address", recipient.address}, {"verdict", recipient.verdict}, {"text", recipient.text}};
             })}};
}

delivery_answer delivery_from(const json& value) {
    return {.delivery = whole(value, "delivery"),
            .port = text(value, "port"),
            .state = text(value, "state"),
            .code = text(value, "code"),
            .text = text(value, "text"),
            .attempts = natural32(value, "attempts"),
            .next_attempt_unix_ms = whole(value, "next_attempt_unix_ms"),
            .recipients = list_from<recipient_answer>(field(value, "recipients"), [](const json& one) {
                return recipient_answer{
                    .address = text(one, "address"), .verdict = text(one, "verdict"), .text = text(one, "text")};
            })};
}

json summary_json(const message_summary& one) {
    return {{"delivery", one.delivery},
            {"message_id", one.message_id},
            {"unique_id", one.unique_id},
            {"port", one.port},
            {"state", one.state},
            {"published_unix_ms", one.published_unix_ms},
            {"due_unix_ms", one.due_unix_ms},
            {"attempts", one.attempts},
            {"size", one.size},
            {"code", one.code},
            {"text", one.text},
            {"ended_unix_ms", one.ended_unix_ms},
            {"held_for", one.held_for}};
}

message_summary summary_from(const json& value) {
    return {.delivery = whole(value, "delivery"),
            .message_id = text(value, "message_id"),
            .unique_id = text(value, "unique_id"),
            .port = text(value, "port"),
            .state = text(value, "state"),
            .published_unix_ms = whole(value, "published_unix_ms"),
            .due_unix_ms = whole(value, "due_unix_ms"),
            .attempts = natural32(value, "attempts"),
            .size = natural(value, "size"),
            .code = text(value, "code"),
            .text = text(value, "text"),
            .ended_unix_ms = whole(value, "ended_unix_ms"),
            .held_for = text(value, "held_for")};
}

json attempt_json(const attempt_summary& one) {
    return {{"attempt", one.attempt},
            {"started_unix_ms", one.started_unix_ms},
            {"ended_unix_ms", one.ended_unix_ms},
            {"transport", one.transport},
            {"verdict", one.verdict},
            {"code", one.code},
            {"text", one.text}};
}

attempt_summary attempt_from(const json& value) {
    return {.attempt = natural32(value, "attempt"),
            .started_unix_ms = whole(value, "started_unix_ms"),
            .ended_unix_ms = whole(value, "ended_unix_ms"),
            .transport = text(value, "transport"),
            .verdict = text(value, "verdict"),
            .code = text(value, "code"),
            .text = text(value, "text")};
}

json part_json(const part_summary& one) {
    return {{"name", one.name},
            {"content_type", one.content_type},
            {"file_name", one.file_name},
            {"size", one.size},
            {"is_body", one.is_body}};
}

part_summary part_from(const json& value) {
    return {.name = text(value, "name"),
            .content_type = text(value, "content_type"),
            .file_name = text(value, "file_name"),
            .size = natural(value, "size"),
            .is_body = flag(value, "is_body")};
}

json port_json(const port_summary& one) {
    return {{"name", one.name},         {"state", one.state},   {"transport", one.transport}, {"queued", one.queued},
            {"retrying", one.retrying}, {"active", one.active}, {"suspended", one.suspended}, {"note", one.note}};
}

port_summary port_from(const json& value) {
    return {.name = text(value, "name"),
            .state = text(value, "state"),
            .transport = text(value, "transport"),
            .queued = natural(value, "queued"),
            .retrying = natural(value, "retrying"),
            .active = natural(value, "active"),
            .suspended = natural(value, "suspended"),
            .note = text(value, "note")};
}

}  // namespace

json parse_frame(const std::string& source) {
    const auto check_depth = [](int depth, json::parse_event_t, json&) {
        if (depth > static_cast<int>(nesting_depth_max)) {
            throw bad_frame("nested too deeply");
        }
        return true;
    };
    try {
        json value = json::parse(source, check_depth);
        if (!value.is_object()) {
            throw bad_frame("an object was expected");
        }
        return value;
    } catch (const json::exception& failure) {
        throw bad_frame(std::string("not JSON: ") + failure.what());
    }
}

std::string dump_frame(const json& value, utf8_rule rule) {
    try {
        return value.dump(-1, ' ', false,
                          rule == utf8_rule::lenient ? json::error_handler_t::replace : json::error_handler_t::strict);
    } catch (const json::exception&) {
        throw bad_frame("a property, a name or a content type is not UTF-8 text");
    }
}

json to_json(const submission& message, const std::vector<part_place>& places) {
    json parts = json::array();
    for (std::size_t i = 0; i < message.parts.size(); ++i) {
        const submission_part& part = message.parts[i];
        parts.push_back({{"name", part.name},
                         {"content_type", part.content_type},
                         {"charset", part.charset},
                         {"file_name", part.file_name},
                         {"descriptor", places.at(i).index},
                         {"offset", places.at(i).offset}});
    }
    return {{"port", message.port},
            {"receive_port", message.receive_port},
            {"key", message.key},
            {"properties", to_json(message.properties)},
            {"parts", std::move(parts)}};
}

submission submission_from(const json& value, std::vector<part_place>& places) {
    submission message{.port = text(value, "port"),
                       .receive_port = text(value, "receive_port"),
                       .key = text(value, "key"),
                       .properties = properties_from(field(value, "properties"))};
    for (const json& part : array(field(value, "parts"))) {
        places.push_back({.index = natural32(part, "descriptor"), .offset = whole(part, "offset")});
        message.parts.push_back({.name = text(part, "name"),
                                 .content_type = text(part, "content_type"),
                                 .charset = text(part, "charset"),
                                 .file_name = text(part, "file_name")});
    }
    return message;
}

json to_json(const submit_options& options) {
    return {{"wait", word_of(wait_words, options.wait)},
            {"wait_max_ms", options.wait_max_ms},
            {"progress", static_cast<bool>(options.on_progress)}};
}

submit_options submit_options_from(const json& value, bool& wants_progress) {
    wants_progress = flag(value, "progress");
    return {.wait = value_of(wait_words, text(value, "wait")), .wait_max_ms = whole(value, "wait_max_ms")};
}

json to_json(const message_filter& filter) {
    return {{"port", filter.port},
            {"state", filter.state},
            {"message_id", filter.message_id},
            {"after", filter.after},
            {"count_max", filter.count_max},
            {"error", filter.error},
            {"properties", to_json(filter.properties)},
            {"published_from_unix_ms", filter.published_from_unix_ms},
            {"published_before_unix_ms", filter.published_before_unix_ms},
            {"deliveries", filter.deliveries}};
}

message_filter message_filter_from(const json& value) {
    return {.port = text(value, "port"),
            .state = text(value, "state"),
            .message_id = text(value, "message_id"),
            .after = whole(value, "after"),
            .count_max = natural32(value, "count_max"),
            .error = text(value, "error"),
            .properties = properties_from(field(value, "properties")),
            .published_from_unix_ms = whole(value, "published_from_unix_ms"),
            .published_before_unix_ms = whole(value, "published_before_unix_ms"),
            .deliveries = whole_numbers_from(field(value, "deliveries"))};
}

json to_json(const message_edits& edits) { return {{"set", to_json(edits.set)}, {"unset", edits.unset}}; }
message_edits edits_from(const json& value) {
    return {.set = properties_from(field(value, "set")), .unset = strings_from(field(value, "unset"))};
}

json to_json(const std::vector<message_property>& properties) { return list_of(properties, property_json); }
std::vector<message_property> properties_from(const json& value) {
    return list_from<message_property>(value, property_from);
}

json to_json(const submit_answer& answer) {
    return {{"code", word_of(answer_words, answer.code)},
            {"message_id", answer.message_id},
            {"is_repeat", answer.is_repeat},
            {"text", answer.text},
            {"deliveries", list_of(answer.deliveries, delivery_json)}};
}

submit_answer submit_answer_from(const json& value) {
    return {.code = value_of(answer_words, text(value, "code")),
            .message_id = text(value, "message_id"),
            .is_repeat = flag(value, "is_repeat"),
            .text = text(value, "text"),
            .deliveries = list_from<delivery_answer>(field(value, "deliveries"), delivery_from)};
}

json to_json(const change_answer& answer) {
    return {{"code", word_of(answer_words, answer.code)},
            {"count", answer.count},
            {"text", answer.text},
            {"skipped", list_of(answer.skipped, [](const skipped_delivery& one) {
                 return json{{"delivery", one.delivery}, {"text", one.text}};
             })}};
}

change_answer change_answer_from(const json& value) {
    return {.code = value_of(answer_words, text(value, "code")),
            .count = natural(value, "count"),
            .text = text(value, "text"),
            .skipped = list_from<skipped_delivery>(field(value, "skipped"), [](const json& one) {
                return skipped_delivery{.delivery = whole(one, "delivery"), .text = text(one, "text")};
            })};
}

json to_json(const std::vector<message_summary>& list) { return list_of(list, summary_json); }
std::vector<message_summary> message_summaries_from(const json& value) {
    return list_from<message_summary>(value, summary_from);
}

json to_json(const std::vector<message_detail>& list) {
    return list_of(list, [](const message_detail& one) {
        return json{{"summary", summary_json(one.summary)},
                    {"properties", to_json(one.properties)},
                    {"parts", list_of(one.parts, part_json)},
                    {"history", list_of(one.history, attempt_json)},
                    {"has_properties_after", one.has_properties_after},
                    {"properties_after", to_json(one.properties_after)},
                    {"size_after", one.size_after}};
    });
}

std::vector<message_detail> message_details_from(const json& value) {
    return list_from<message_detail>(value, [](const json& one) {
        return message_detail{.summary = summary_from(field(one, "summary")),
                              .properties = properties_from(field(one, "properties")),
                              .parts = list_from<part_summary>(field(one, "parts"), part_from),
                              .history = list_from<attempt_summary>(field(one, "history"), attempt_from),
                              .has_properties_after = flag(one, "has_properties_after"),
                              .properties_after = properties_from(field(one, "properties_after")),
                              .size_after = whole(one, "size_after")};
    });
}

json to_json(const std::vector<port_summary>& list) { return list_of(list, port_json); }
std::vector<port_summary> port_summaries_from(const json& value) { return list_from<port_summary>(value, port_from); }

json to_json(const host_status& status) {
    return {{"host_name", status.host_name},     {"is_running", status.is_running},
            {"process_id", status.process_id},   {"started_unix_ms", status.started_unix_ms},
            {"message_box", status.message_box}, {"ports", to_json(status.ports)},
            {"warnings", status.warnings},       {"groups", to_json(status.groups)}};
}

host_status host_status_from(const json& value) {
    return {.host_name = text(value, "host_name"),
            .is_running = flag(value, "is_running"),
            .process_id = whole(value, "process_id"),
            .started_unix_ms = whole(value, "started_unix_ms"),
            .message_box = text(value, "message_box"),
            .ports = port_summaries_from(field(value, "ports")),
            .warnings = strings_from(field(value, "warnings")),
            .groups = group_summaries_from(field(value, "groups"))};
}

}  // namespace hawser::engine::control
