#include "host/message_selection.hpp"

#include <algorithm>

#include "host/human.hpp"
#include "host/submission_input.hpp"

namespace hawser::command {
namespace {

constexpr std::size_t error_size_max = 1000;

// What holds a message back, or when it goes next.
std::string situation(const message_summary& one) {
    std::string text;
    if (one.state == "retrying" && one.due_unix_ms > 0) {
        const std::int64_t left_ms = one.due_unix_ms - now_unix_ms();
        text = left_ms > 0 ? "again in " + human_duration(left_ms) : "due now";
    }
    if (!one.held_for.empty()) {
        text = "held by the stopped group " + plain(one.held_for);
    }
    if (!one.text.empty()) {
        text += (text.empty() ? "" : ": ") + plain(one.text);
    }
    constexpr std::size_t width_max = 100;
    if (text.size() > width_max) {
        std::size_t end = width_max;
        while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) {
            --end;  // not in the middle of a character
        }
        text = text.substr(0, end) + "…";
    }
    return text;
}

}  // namespace

std::string build_filter(const arguments& given, message_filter& into) {
    into.port = given.port;
    into.state = given.state;
    into.message_id = given.message_id;
    into.error = given.error;
    if (given.error.size() > error_size_max) {
        return "--error: at most 1000 bytes";
    }
    for (const std::string& text : given.properties) {
        message_property property;
        if (std::string problem = parse_property(text, property); !problem.empty()) {
            return problem;
        }
        into.properties.push_back(std::move(property));
    }
    const std::int64_t now = now_unix_ms();
    std::int64_t from = given.since_unix_ms.value_or(0);
    std::int64_t before = given.until_unix_ms.value_or(INT64_MAX);
    from = given.newer_than_ms ? std::max(from, now - *given.newer_than_ms) : from;
    before = given.older_than_ms ? std::min(before, now - *given.older_than_ms) : before;
    into.published_from_unix_ms = from;
    into.published_before_unix_ms = before == INT64_MAX ? 0 : std::max<std::int64_t>(before, 1);
    return {};
}

bool is_unknown_port(hawser::bus& bus, const std::string& name) {
    if (name.empty()) {
        return false;
    }
    const std::vector<port_summary> ports = bus.ports();
    return std::none_of(ports.begin(), ports.end(), [&name](const port_summary& one) { return one.name == name; });
}

std::string message_table(const std::vector<message_summary>& list) {
    text_table table({"ID", "STATE", "PORT", "AGE", "SIZE", "ATTEMPTS", "WHY"});
    for (const std::size_t column : {0U, 3U, 4U, 5U}) {
        table.align_right(column);
    }
    for (const message_summary& one : list) {
        table.add({std::to_string(one.delivery), one.state, plain(one.port),
                   human_duration(now_unix_ms() - one.published_unix_ms), human_size(one.size),
                   std::to_string(one.attempts), situation(one)});
    }
    return table.text();
}

}  // namespace hawser::command
