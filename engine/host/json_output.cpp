#include "host/json_output.hpp"

#include <nlohmann/json.hpp>

#include "host/human.hpp"

namespace hawser::command {
namespace {

using json = nlohmann::ordered_json;

json time_json(std::int64_t unix_ms) { return unix_ms == 0 ? json() : json(time_text(unix_ms)); }

std::string dump(const json& value, int indent) {
    return value.dump(indent, ' ', false, json::error_handler_t::replace) + "\n";
}

const char* word_of(answer_code code, bool is_submit) {
    switch (code) {
    case answer_code::done: return is_submit ? "delivered" : "done";
    case answer_code::accepted: return "accepted";
    case answer_code::suspended: return "suspended";
    case answer_code::not_accepted: return "notAccepted";
    case answer_code::bad_input: return "badInput";
    case answer_code::no_subscriber: return "noSubscriber";
    case answer_code::not_found: return "notFound";
    }
    return "notAccepted";
}

template <typename Value, typename Write>
json list_of(const std::vector<Value>& values, Write write) {
    json list = json::array();
    for (const Value& one : values) {
        list.push_back(write(one));
    }
    return list;
}

json summary_json(const message_summary& one) {
    return {{"delivery", one.delivery},
            {"messageId", one.message_id},
            {"uniqueId", one.unique_id},
            {"port", one.port},
            {"state", one.state},
            {"published", time_json(one.published_unix_ms)},
            {"due", time_json(one.due_unix_ms)},
            {"attempts", one.attempts},
            {"size", one.size},
            {"code", one.code},
            {"text", one.text},
            {"ended", time_json(one.ended_unix_ms)},
            {"heldFor", one.held_for.empty() ? json() : json(one.held_for)}};
}

json port_json(const port_summary& one) {
    return {{"name", one.name},         {"state", one.state},   {"transport", one.transport}, {"queued", one.queued},
            {"retrying", one.retrying}, {"active", one.active}, {"suspended", one.suspended}, {"note", one.note}};
}

json group_json(const group_summary& one) {
    return {{"name", one.name}, {"state", one.state}, {"ports", one.ports}, {"held", one.held}, {"note", one.note}};
}

json problem_json(const problem& one) {
    return {{"severity", one.is_error ? "error" : "warning"},
            {"file", one.file},
            {"line", one.line},
            {"column", one.column},
            {"pointer", one.pointer},
            {"text", one.text}};
}

json names_json(const changed_names& names) {
    return {{"added", names.added}, {"changed", names.changed}, {"removed", names.removed}};
}

json property_json(const property_help& one) {
    return {{"name", one.name},       {"type", one.type}, {"default", one.default_text},
            {"words", one.words},     {"text", one.text}, {"required", one.is_required},
            {"secret", one.is_secret}};
}

json change_json(const change_answer& answer, const std::string& name, int exit_code) {
    return {{"result", word_of(answer.code, false)},
            {"exitCode", exit_code},
            {"name", name},
            {"count", answer.count},
            {"text", answer.text}};
}

json context_property_json(const message_property& one) {
    return {{"name", one.name}, {"type", one.type}, {"value", one.value}, {"promoted", one.is_promoted}};
}

json detail_json(const message_detail& one) {
    json value = summary_json(one.summary);
    value["properties"] = list_of(one.properties, context_property_json);
    value["parts"] = list_of(one.parts, [](const part_summary& part) {
        return json{{"name", part.name},
                    {"contentType", part.content_type},
                    {"fileName", part.file_name},
                    {"size", part.size},
                    {"isBody", part.is_body}};
    });
    value["history"] = list_of(one.history, [](const attempt_summary& attempt) {
        return json{{"attempt", attempt.attempt},
                    {"started", time_json(attempt.started_unix_ms)},
                    {"ended", time_json(attempt.ended_unix_ms)},
                    {"transport", attempt.transport},
                    {"verdict", attempt.verdict},
                    {"code", attempt.code},
                    {"text", attempt.text}};
    });
    if (one.summary.ended_unix_ms != 0) {  // null: it was not kept
        value["propertiesAfterPipeline"] =
            one.has_properties_after ? list_of(one.properties_after, context_property_json) : json();
        value["sizeAfterPipeline"] = one.size_after >= 0 ? json(one.size_after) : json();
    }
    return value;
}

}  // namespace

std::string json_of(const submit_answer& answer, const submission& message, const std::string& file, int exit_code) {
    // A submission that was not waited for has not been delivered, whatever the bus calls it.
    const bool is_delivered = !answer.deliveries.empty();
    json value = {
        {"result", answer.code == answer_code::done && !is_delivered ? "accepted" : word_of(answer.code, true)},
        {"exitCode", exit_code},
        {"file", file},
        {"messageId", answer.message_id},
        {"key", message.key},
        {"isRepeat", answer.is_repeat},
        {"text", answer.text}};
    value["deliveries"] = list_of(answer.deliveries, [](const delivery_answer& one) {
        return json{
            {"delivery", one.delivery},
            {"port", one.port},
            {"state", one.state},
            {"code", one.code},
            {"text", one.text},
            {"attempts", one.attempts},
            {"nextAttempt", time_json(one.next_attempt_unix_ms)},
            {"recipients", list_of(one.recipients, [](const recipient_answer& recipient) {
                 return json{{"address", recipient.address}, {"verdict", recipient.verdict}, {"text", recipient.text}};
             })}};
    });
    return dump(value, -1);
}

std::string json_of(const change_answer& answer, const std::string& name, int exit_code) {
    return dump(change_json(answer, name, exit_code), -1);
}

std::string json_of(const change_answer& answer, const std::string& name, int exit_code, std::uint64_t selected,
                    run_kind kind) {
    json value = change_json(answer, name, exit_code);
    value["selected"] = selected;
    value["dryRun"] = kind == run_kind::dry;
    value["skipped"] = list_of(answer.skipped, [](const skipped_delivery& one) {
        return json{{"delivery", one.delivery}, {"text", one.text}};
    });
    return dump(value, -1);
}

std::string json_of(const std::vector<message_summary>& list, bool has_more) {
    return dump({{"messages", list_of(list, summary_json)},
                 {"hasMore", has_more},
                 {"nextAfter", has_more && !list.empty() ? json(list.back().delivery) : json()}},
                2);
}

std::string json_of(const message_detail& one) { return dump(detail_json(one), 2); }

std::string json_of(const std::vector<message_detail>& details) {
    return dump({{"messages", list_of(details, detail_json)}}, 2);
}

std::string json_of(const std::vector<port_summary>& ports, const std::vector<group_summary>& groups,
                    const std::vector<receive_port_summary>& receive_ports) {
    return dump(
        {{"ports", list_of(ports, port_json)},
         {"groups", list_of(groups, group_json)},
         {"receivePorts",
          list_of(receive_ports,
                  [](const receive_port_summary& one) {
                      return json{{"name", one.name}, {"pipeline", one.pipeline}, {"components", one.components}};
                  })}},
        2);
}

std::string json_of(const reload_answer& answer, int exit_code) {
    return dump({{"result", answer.code == answer_code::done ? "done" : "refused"},
                 {"exitCode", exit_code},
                 {"text", answer.text},
                 {"ports", names_json(answer.ports)},
                 {"groups", names_json(answer.groups)},
                 {"receivePorts", names_json(answer.receive_ports)},
                 {"renewedAdapters", answer.renewed_adapters},
                 {"suspended", answer.suspended},
                 {"notes", answer.notes},
                 {"problems", list_of(answer.problems, problem_json)}},
                2);
}

std::string json_of(const probe_answer& answer, int exit_code) {
    json findings = json::array();
    for (const probe_finding& one : answer.findings) {
        findings.push_back({{"kind", one.kind == finding_kind::error     ? "error"
                                     : one.kind == finding_kind::warning ? "warning"
                                                                         : "fact"},
                            {"transport", one.transport},
                            {"topic", one.topic},
                            {"text", one.text}});
    }
    return dump({{"wouldDeliver", answer.code == answer_code::done}, {"exitCode", exit_code}, {"findings", findings}},
                2);
}

std::string json_of(const certificate_report& report) {
    const auto certificate_json = [](const certificate_summary& one) {
        return json{{"file", one.file},
                    {"folder", one.folder},
                    {"subject", one.subject},
                    {"issuer", one.issuer},
                    {"mailboxes", one.mailboxes},
                    {"domains", one.domains},
                    {"serial", one.serial},
                    {"sha1", one.sha1},
                    {"sha256", one.sha256},
                    {"key", one.key},
                    {"notBefore", time_json(one.not_before_unix_ms)},
                    {"notAfter", time_json(one.not_after_unix_ms)},
                    {"hasPrivateKey", one.has_private_key},
                    {"token", one.token},
                    {"isAuthority", one.is_authority},
                    {"signsFor", one.signs_for},
                    {"encryptedForBy", one.encrypted_for_by}};
    };
    return dump({{"certificates", list_of(report.certificates, certificate_json)}, {"unreadable", report.unreadable}},
                2);
}

std::string json_of(const std::vector<certificate_finding>& findings, int exit_code) {
    return dump({{"isOk", exit_code == 0},
                 {"exitCode", exit_code},
                 {"findings", list_of(findings,
                                      [](const certificate_finding& one) {
                                          return json{{"kind", one.kind == finding_kind::error ? "error" : "warning"},
                                                      {"file", one.file},
                                                      {"port", one.port},
                                                      {"text", one.text}};
                                      })}},
                2);
}

std::string json_of(const host_status& status) {
    return dump({{"host", status.host_name},
                 {"isRunning", status.is_running},
                 {"processId", status.is_running ? json(status.process_id) : json()},
                 {"started", time_json(status.started_unix_ms)},
                 {"messageBox", status.message_box},
                 {"ports", list_of(status.ports, port_json)},
                 {"warnings", status.warnings},
                 {"groups", list_of(status.groups, group_json)}},
                2);
}

std::string json_of(const std::vector<plugin_help>& plugins) {
    return dump({{"plugins", list_of(plugins,
                                     [](const plugin_help& one) {
                                         return json{{"id", one.id},
                                                     {"kind", one.kind},
                                                     {"version", one.version},
                                                     {"summary", one.summary},
                                                     {"file", one.file},
                                                     {"stages", one.stages},
                                                     {"properties", list_of(one.properties, property_json)}};
                                     })}},
                2);
}

std::string json_of(const std::vector<problem>& problems, const configuration_summary& summary) {
    bool is_ok = true;
    const json list = list_of(problems, [&is_ok](const problem& one) {
        is_ok = is_ok && !one.is_error;
        return problem_json(one);
    });
    return dump({{"isOk", is_ok},
                 {"host", summary.host_name},
                 {"sendPorts", summary.send_ports},
                 {"receivePorts", summary.receive_ports},
                 {"problems", list}},
                2);
}

std::string json_of_failure(const std::string& code, const std::string& text, int exit_code) {
    return dump({{"result", "failed"}, {"exitCode", exit_code}, {"code", code}, {"text", text}}, -1);
}

}  // namespace hawser::command
