#include "host/submit_report.hpp"

#include <algorithm>

#include "host/human.hpp"
#include "host/output.hpp"

namespace hawser::command {
namespace {

bool is_suspended(const delivery_answer& one) { return one.state.starts_with("suspended"); }

bool has_suspended(const submit_answer& answer) {
    return std::any_of(answer.deliveries.begin(), answer.deliveries.end(), is_suspended);
}

std::string heading(const submit_answer& answer) {
    switch (answer.code) {
    case answer_code::done: return answer.deliveries.empty() ? "accepted" : "delivered";
    case answer_code::accepted: return "accepted";
    case answer_code::suspended: return has_suspended(answer) ? "suspended" : "not delivered";
    case answer_code::not_accepted: return "not accepted, nothing was stored: try again";
    case answer_code::bad_input:
    case answer_code::no_subscriber:
    case answer_code::not_found: return "refused";
    }
    return "refused";
}

std::string delivery_line(const delivery_answer& one) {
    std::string text = "  " + plain(one.port);
    if (one.delivery != 0) {
        text += " (delivery " + std::to_string(one.delivery) + ")";
    }
    text += ": " + one.state;
    if (one.attempts > 1) {
        text += " after " + counted(one.attempts, "attempt");
    }
    if (one.next_attempt_unix_ms > 0) {
        text += ", next attempt in " + human_duration(one.next_attempt_unix_ms - now_unix_ms());
    }
    if (!one.text.empty()) {
        text += ": " + plain(one.text);
    }
    if (!one.code.empty() && one.state != "delivered") {
        text += " [" + plain(one.code) + "]";
    }
    text += "\n";
    for (const recipient_answer& recipient : one.recipients) {
        if (recipient.verdict != "delivered") {
            text += "    " + plain(recipient.address) + ": " + recipient.verdict + ": " + plain(recipient.text) + "\n";
        }
    }
    return text;
}

}  // namespace

std::string submit_report(const arguments& given, const submit_answer& answer, const std::string& file) {
    std::string text = (file == "-" ? "standard input" : plain(file)) + ": " + heading(answer);
    if (!answer.message_id.empty()) {
        text += ", message " + plain(answer.message_id) + (answer.is_repeat ? " (this key was submitted before)" : "");
    }
    // What a delivery says below is not said twice.
    const bool is_said = std::any_of(answer.deliveries.begin(), answer.deliveries.end(),
                                     [&answer](const delivery_answer& one) { return one.text == answer.text; });
    text += answer.text.empty() || is_said ? "\n" : ": " + plain(answer.text) + "\n";
    for (const delivery_answer& one : answer.deliveries) {
        text += delivery_line(one);
    }
    for (const delivery_answer& one : answer.deliveries) {
        if (is_suspended(one)) {
            const std::string id = std::to_string(one.delivery);
            text += "  look:  hawser messages show " + retyped(given) + " " + id + "\n";
            text += "  again: hawser messages resume " + retyped(given) + " " + id + "\n";
            break;
        }
    }
    return text;
}

}  // namespace hawser::command
