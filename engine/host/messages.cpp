// messages list and messages show: looking, without changing anything.
#include <cstdio>

#include "host/bus_access.hpp"
#include "host/exit_code.hpp"
#include "host/human.hpp"
#include "host/json_output.hpp"
#include "host/output.hpp"
#include "host/verbs.hpp"

namespace hawser::command {
namespace {

// What holds a message back, or when it goes next.
std::string situation(const message_summary& one) {
    std::string text;
    if (one.state == "retrying" && one.due_unix_ms > 0) {
        const std::int64_t left_ms = one.due_unix_ms - now_unix_ms();
        text = left_ms > 0 ? "again in " + human_duration(left_ms) : "due now";
    }
    if (!one.text.empty()) {
        text += (text.empty() ? "" : ": ") + plain(one.text);
    }
    constexpr std::size_t width_max = 100;
    if (text.size() > width_max) {
        std::size_t end = width_max;
        while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) {
            --end;   // not in the middle of a character
        }
        text = text.substr(0, end) + "…";
    }
    return text;
}

std::string list_text(const arguments& given, const std::vector<message_summary>& list, bool has_more) {
    if (list.empty()) {
        return "no messages\n";
    }
    text_table table({"ID", "STATE", "PORT", "AGE", "SIZE", "ATTEMPTS", "WHY"});
    for (const std::size_t column : {0U, 3U, 4U, 5U}) {
        table.align_right(column);
    }
    const message_summary* first_suspended = nullptr;
    for (const message_summary& one : list) {
        table.add({std::to_string(one.delivery), one.state, plain(one.port),
                   human_duration(now_unix_ms() - one.published_unix_ms), human_size(one.size),
                   std::to_string(one.attempts), situation(one)});
        if (first_suspended == nullptr && one.state.starts_with("suspended")) {
            first_suspended = &one;
        }
    }
    std::string text = table.text();
    if (has_more) {
        text += "… and more: --limit shows more of them, --port and --state fewer\n";
    }
    if (first_suspended != nullptr) {
        const std::string id = std::to_string(first_suspended->delivery);
        text += "look:  hawser messages show " + retyped(given) + " " + id + "\nagain: hawser messages resume " +
                retyped(given) + " " + id + "\n";
    }
    return text;
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

std::string detail_text(const arguments& given, const message_detail& one) {
    const message_summary& summary = one.summary;
    const std::string id = std::to_string(summary.delivery);
    std::string text = "delivery " + id + ": " + summary.state + "\n";
    if (!summary.text.empty()) {
        text += "  why:       " + plain(summary.text) + (summary.code.empty() ? "" : " [" + plain(summary.code) + "]") +
                "\n";
    }
    text += "  port:      " + plain(summary.port) + "\n  message:   " + plain(summary.message_id) +
            "\n  published: " + time_text(summary.published_unix_ms) + " (" +
            human_duration(now_unix_ms() - summary.published_unix_ms) + " ago)\n";
    if (summary.due_unix_ms > 0 && !summary.state.starts_with("suspended")) {
        text += "  due:       " + time_text(summary.due_unix_ms) + "\n";
    }
    text += "  parts:\n";
    text_table parts({"    NAME", "TYPE", "FILE NAME", "SIZE"});
    for (const part_summary& part : one.parts) {
        parts.add({"    " + plain(part.name) + (part.is_body ? " (body)" : ""), plain(part.content_type),
                   plain(part.file_name), human_size(part.size)});
    }
    text += parts.text() + "  context:\n";
    for (const message_property& property : one.properties) {
        text += "    " + plain(property.name) + " = " + plain(property.value) +
                (property.is_promoted ? "  (promoted)" : "") + "\n";
    }
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
    const bus_access access = open_to_look(given);
    if (!access.is_open()) {
        return access.exit_code;
    }
    const std::uint32_t limit = given.limit > 0 ? given.limit : list_limit_default;
    const std::uint32_t asked = limit < UINT32_MAX ? limit + 1 : limit;   // one more, to know whether there are more
    std::vector<message_summary> list =
        access.bus().list({.port = given.port, .state = given.state, .count_max = asked});
    const bool has_more = list.size() > limit;
    if (has_more) {
        list.resize(limit);
    }
    print(given.is_json ? json_of(list, has_more) : list_text(given, list, has_more));
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
                " in the message box: it was delivered or terminated, or never accepted; see hawser messages list " +
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
