// messages list and messages show: looking, without changing anything.
#include <algorithm>

#include "host/bus_access.hpp"
#include "host/exit_code.hpp"
#include "host/human.hpp"
#include "host/json_output.hpp"
#include "host/message_selection.hpp"
#include "host/output.hpp"
#include "host/verbs.hpp"

namespace hawser::command {
namespace {

constexpr std::uint32_t counted_more_max = 1000;

std::string more_text(const std::vector<message_summary>& list, std::size_t more_count) {
    const std::string count =
        more_count > counted_more_max ? "more than " + std::to_string(counted_more_max) : std::to_string(more_count);
    return "… and " + count + " more: --after " + std::to_string(list.back().delivery) + "\n";
}

std::string list_text(const arguments& given, const std::vector<message_summary>& list, std::size_t more_count) {
    if (list.empty()) {
        return "no messages\n";
    }
    std::string text = message_table(list);
    const auto first_suspended =
        std::find_if(list.begin(), list.end(), [](const message_summary& one) { return one.state == "suspended"; });
    if (first_suspended != list.end()) {
        const std::string id = std::to_string(first_suspended->delivery);
        text += "look:  hawser messages show " + retyped(given) + " " + id + "\nagain: hawser messages resume " +
                retyped(given) + " " + id + "\n";
    }
    return text + (more_count > 0 ? more_text(list, more_count) : "");
}

std::string history_text(const message_detail& one) {
    std::string text = "  attempts:\n";
    for (const attempt_summary& attempt : one.history) {
        text += "    " + std::to_string(attempt.attempt) + "  " + time_text(attempt.started_unix_ms) + "  took " +
                human_duration(attempt.ended_unix_ms - attempt.started_unix_ms) + "  " + plain(attempt.transport) +
                "  " + plain(attempt.verdict);
        text += attempt.code.empty() ? "" : " [" + plain(attempt.code) + "]";
        text += attempt.text.empty() ? "\n" : "\n       " + plain(attempt.text) + "\n";
    }
    return text;
}

std::string context_text(const std::string& title, const std::vector<message_property>& properties) {
    std::string text = title;
    for (const message_property& property : properties) {
        text += "    " + plain(property.name) + " = " + plain(property.value) +
                (property.is_promoted ? "  (promoted)" : "") + "\n";
    }
    return text;
}

std::string parts_text(const message_detail& one) {
    text_table parts({"    NAME", "TYPE", "FILE NAME", "SIZE"});
    for (const part_summary& part : one.parts) {
        parts.add({"    " + plain(part.name) + (part.is_body ? " (body)" : ""), plain(part.content_type),
                   plain(part.file_name), human_size(part.size)});
    }
    return "  parts:\n" + parts.text();
}

// What the port's tracking kept, before and after the pipeline.
std::string tracked_text(const arguments& given, const message_detail& one) {
    const std::string save =
        "  save:  hawser messages save " + retyped(given) + " " + std::to_string(one.summary.delivery) + " --point ";
    std::string text = one.parts.empty() ? "" : parts_text(one);
    text += one.properties.empty() ? "" : context_text("  context before the pipeline:\n", one.properties);
    text += one.has_properties_after ? context_text("  context after the pipeline:\n", one.properties_after) : "";
    text += one.size_after >= 0
                ? "  body after the pipeline: " + human_size(static_cast<std::uint64_t>(one.size_after)) + "\n"
                : "";
    text += one.history.empty() ? "" : history_text(one);
    text += one.parts.empty() ? "" : save + "before -o FILE\n";
    return text + (one.size_after >= 0 ? save + "after -o FILE\n" : "");
}

std::string detail_text(const arguments& given, const message_detail& one) {
    const message_summary& summary = one.summary;
    const std::string id = std::to_string(summary.delivery);
    std::string text = "delivery " + id + ": " + summary.state + "\n";
    if (!summary.text.empty()) {
        text += (summary.state == "delivered" ? "  answer:    " : "  why:       ") + plain(summary.text) +
                (summary.code.empty() ? "" : " [" + plain(summary.code) + "]") + "\n";
    }
    if (!summary.held_for.empty()) {
        text += "  held for:  " + plain(summary.held_for) + " (hawser ports start " + retyped(given) + " --group " +
                plain(summary.held_for) + " lets it go)\n";
    }
    text += "  port:      " + plain(summary.port) + "\n  message:   " + plain(summary.message_id) +
            "\n  published: " + time_text(summary.published_unix_ms) + " (" +
            human_duration(now_unix_ms() - summary.published_unix_ms) + " ago)\n";
    if (summary.ended_unix_ms != 0) {
        text += "  ended:     " + time_text(summary.ended_unix_ms) + " (after " +
                human_duration(summary.ended_unix_ms - summary.published_unix_ms) + ", " +
                counted(summary.attempts, "attempt") + ")\n";
        return text + tracked_text(given, one);
    }
    if (summary.due_unix_ms > 0 && !summary.state.starts_with("suspended")) {
        text += "  due:       " + time_text(summary.due_unix_ms) + "\n";
    }
    text += parts_text(one) + context_text("  context:\n", one.properties);
    text += one.history.empty() ? "" : history_text(one);
    if (summary.state == "suspended") {
        text += "  again: hawser messages resume " + retyped(given) + " " + id + "\n";
    }
    if (summary.state.starts_with("suspended")) {
        text += "  save:  hawser messages save " + retyped(given) + " " + id + " -o FILE\n";
        text += "  drop:  hawser messages terminate " + retyped(given) + " " + id + "\n";
    }
    return text;
}

}  // namespace

int messages_list(const arguments& given) {
    message_filter filter;
    if (const std::string problem = build_filter(given, filter); !problem.empty()) {
        return report_failure(given, "input.bad", problem, exit_code::bad_input);
    }
    const bus_access access = open_to_look(given);
    if (!access.is_open()) {
        return access.exit_code;
    }
    const std::uint32_t limit = given.limit > 0 ? given.limit : list_limit_default;
    filter.after = given.after;
    filter.count_max = limit < UINT32_MAX - counted_more_max ? limit + counted_more_max + 1 : limit;
    std::vector<message_summary> list = access.bus().list(filter);
    if (list.empty() && is_unknown_port(access.bus(), given.port)) {
        return report_failure(given, "port.unknown", "there is no port " + given.port, exit_code::not_found);
    }
    const std::size_t more_count = list.size() > limit ? list.size() - limit : 0;
    list.resize(list.size() - more_count);
    print(given.is_json ? json_of(list, more_count > 0) : list_text(given, list, more_count));
    return exit_code::done;
}

int messages_show(const arguments& given) {
    const bus_access access = open_to_look(given);
    if (!access.is_open()) {
        return access.exit_code;
    }
    std::vector<message_detail> all;
    int code = exit_code::done;
    for (const std::string& id : given.names) {
        std::vector<message_detail> found = access.bus().show(id);
        if (found.empty()) {
            code = exit_code::not_found;
            complain(
                "there is no message " + plain(id) +
                " in the message box: it was delivered or terminated and is not tracked (any more), or it was never"
                " accepted; see hawser messages list " +
                retyped(given));
        }
        std::move(found.begin(), found.end(), std::back_inserter(all));
    }
    if (given.is_json) {
        print(json_of(all));
        return code;
    }
    for (const message_detail& one : all) {
        print(detail_text(given, one));
    }
    return code;
}

}  // namespace hawser::command
