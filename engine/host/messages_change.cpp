// messages resume and messages terminate: first the messages that are meant are noted, then each is changed, the oldest
// first, at the rate that was asked for. What has changed in between is said and left alone.
#include <algorithm>
#include <chrono>
#include <map>
#include <thread>

#include "host/bus_access.hpp"
#include "host/exit_code.hpp"
#include "host/human.hpp"
#include "host/interrupt.hpp"
#include "host/json_output.hpp"
#include "host/message_selection.hpp"
#include "host/output.hpp"
#include "host/progress.hpp"
#include "host/submission_input.hpp"
#include "host/verbs.hpp"

namespace hawser::command {
namespace {

constexpr std::uint32_t page_size = 1'000;  // the answer to a page is made in memory
constexpr std::size_t at_once_max = 500;
constexpr std::size_t lines_max = 20;  // more messages than these are counted, not listed
constexpr std::int64_t pace_ms = 100;  // between two changes at a rate, where it allows more than one in that time

using change_function = std::function<change_answer(const message_filter&)>;

struct change {
    std::string infinitive;  // "resume"
    std::string done;        // "resumed"
    bool takes_not_resumable = false;
    change_function carry_out;
};

struct selection {
    std::vector<std::int64_t> deliveries;  // in order of publication
    std::vector<message_summary> first;    // the first few of them
    std::map<std::string, std::uint64_t> count_of_port;
    std::uint64_t not_resumable = 0;  // fit, and are left out
};

selection gather(hawser::bus& bus, message_filter filter, std::uint64_t count_max, bool takes_not_resumable) {
    selection all;
    filter.count_max = page_size;
    while (all.deliveries.size() < count_max) {
        const std::vector<message_summary> page = bus.list(filter);
        for (const message_summary& one : page) {
            if (one.state == "suspendedNotResumable" && !takes_not_resumable) {
                ++all.not_resumable;
            } else if (all.deliveries.size() < count_max) {
                all.deliveries.push_back(one.delivery);
                ++all.count_of_port[one.port];
                if (all.first.size() < lines_max) {
                    all.first.push_back(one);
                }
            }
        }
        if (page.size() < page_size) {
            break;
        }
        filter.after = page.back().delivery;
    }
    return all;
}

// Waits until `count` changes may have been made since `start`; false when it was interrupted.
bool wait_for_turn(const change_rate& rate, std::uint64_t count, std::chrono::steady_clock::time_point start) {
    const double due_ms =
        static_cast<double>(count) * static_cast<double>(rate.of_ms) / static_cast<double>(rate.count);
    const auto due = start + std::chrono::microseconds(static_cast<std::int64_t>(due_ms * 1000));
    while (!is_interrupted()) {
        const auto left = due - std::chrono::steady_clock::now();
        if (left <= left.zero()) {
            return true;
        }
        std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(left, std::chrono::milliseconds(pace_ms)));
    }
    return false;
}

std::size_t size_of_step(const arguments& given) {
    if (!given.rate) {
        return at_once_max;
    }
    const std::int64_t in_a_step = given.rate->count * pace_ms / given.rate->of_ms;
    return static_cast<std::size_t>(std::clamp<std::int64_t>(in_a_step, 1, at_once_max));
}

void tell_step(const change& what, const selection& chosen, const std::vector<std::int64_t>& step,
               const change_answer& answer) {
    for (const skipped_delivery& one : answer.skipped) {
        complain(std::to_string(one.delivery) + ": skipped: " + plain(one.text));
    }
    if (chosen.deliveries.size() > lines_max) {
        return;
    }
    for (const std::int64_t id : step) {
        const bool is_skipped = std::any_of(answer.skipped.begin(), answer.skipped.end(),
                                            [id](const skipped_delivery& one) { return one.delivery == id; });
        if (!is_skipped) {
            print(std::to_string(id) + ": " + what.done + "\n");
        }
    }
}

// All of the selection, a step after the other. Stops where the box takes nothing, and when it is interrupted.
change_answer carry_out(const arguments& given, const change& what, const message_filter& filter,
                        const selection& chosen) {
    change_answer all;
    progress_line progress;
    const auto start = std::chrono::steady_clock::now();
    const std::size_t step_size = size_of_step(given);
    std::size_t next = 0;
    while (next < chosen.deliveries.size() && all.code == answer_code::done) {
        if (is_interrupted() || (given.rate && !wait_for_turn(*given.rate, next, start))) {
            all.code = answer_code::not_accepted;
            all.text = "interrupted";
            break;
        }
        const auto from = chosen.deliveries.begin() + static_cast<std::ptrdiff_t>(next);
        const std::size_t size = std::min(step_size, chosen.deliveries.size() - next);
        message_filter which = filter;
        which.message_id.clear();
        which.deliveries.assign(from, from + static_cast<std::ptrdiff_t>(size));
        which.count_max = static_cast<std::uint32_t>(size);
        const change_answer answer = what.carry_out(which);
        next += size;
        all.count += answer.count;
        all.skipped.insert(all.skipped.end(), answer.skipped.begin(), answer.skipped.end());
        if (answer.code != answer_code::done && answer.code != answer_code::not_found) {
            all.code = answer.code;
            all.text = answer.text;
        }
        if (!given.is_json) {
            progress.clear();
            tell_step(what, chosen, which.deliveries, answer);
            progress.show_count(what.done, all.count, chosen.deliveries.size());
        }
    }
    if (all.code != answer_code::done && next < chosen.deliveries.size()) {
        all.text += "; " + counted(chosen.deliveries.size() - next, "message") + " not tried";
    }
    return all;
}

std::string dry_text(const change& what, const selection& chosen) {
    std::string text = "would " + what.infinitive + " " + counted(chosen.deliveries.size(), "message");
    const char* separator = " (";
    for (const auto& [port, count] : chosen.count_of_port) {
        text += separator + plain(port) + ": " + std::to_string(count);
        separator = ", ";
    }
    text += chosen.count_of_port.empty() ? "\n" : ")\n";
    text += chosen.first.empty() ? "" : message_table(chosen.first);
    const std::size_t more = chosen.deliveries.size() - chosen.first.size();
    return text + (more > 0 ? "… and " + std::to_string(more) + " more\n" : "");
}

// One ID. That it is not there, or cannot be changed, is a failure: somebody named it.
int change_one(const arguments& given, const change& what, hawser::bus& bus, const std::string& id) {
    if (id.empty()) {  // as a filter it would mean every message
        return report_failure(given, "input.bad", "an ID is empty: it names no message", exit_code::usage);
    }
    const message_filter filter{.message_id = id};
    const selection chosen = gather(bus, filter, UINT64_MAX, true);
    const run_kind kind = given.is_dry_run ? run_kind::dry : run_kind::real;
    if (given.is_dry_run && !chosen.deliveries.empty()) {
        print(given.is_json ? json_of(change_answer{}, id, exit_code::done, chosen.deliveries.size(), kind)
                            : dry_text(what, chosen));
        return exit_code::done;
    }
    change_answer answer{.code = answer_code::not_found, .text = "no such message"};
    if (!chosen.deliveries.empty()) {
        message_filter which;
        which.deliveries = chosen.deliveries;
        which.count_max = static_cast<std::uint32_t>(chosen.deliveries.size());
        answer = what.carry_out(which);
    }
    const int code = exit_code_of(answer.code);
    if (given.is_json) {
        print(json_of(answer, id, code, chosen.deliveries.size(), kind));
    } else if (code == exit_code::done) {
        print(plain(id) + ": " + counted(answer.count, "message") + " " + what.done +
              (answer.text.empty() ? "" : ": " + plain(answer.text)) + "\n");
    } else {
        complain(plain(id) + ": " + plain(answer.text));
    }
    return code;
}

int change_many(const arguments& given, const change& what, hawser::bus& bus, message_filter filter) {
    if (filter.state.empty()) {
        filter.state = "suspended";  // nobody should lose or hasten a queue by a short command
    }
    const std::uint64_t count_max = given.limit > 0 ? given.limit : UINT64_MAX;
    const selection chosen = gather(bus, filter, count_max, what.takes_not_resumable);
    // Nothing fits: that is well, unless the port's name is wrong.
    if (chosen.deliveries.empty() && is_unknown_port(bus, given.port)) {
        return report_failure(given, "port.unknown", "there is no port " + given.port, exit_code::not_found);
    }
    const std::string name = given.port.empty() ? "all" : given.port;
    const run_kind kind = given.is_dry_run ? run_kind::dry : run_kind::real;
    const change_answer answer = given.is_dry_run ? change_answer{} : carry_out(given, what, filter, chosen);
    const int code = exit_code_of(answer.code);
    if (given.is_json) {
        print(json_of(answer, name, code, chosen.deliveries.size(), kind));
        return code;
    }
    print(given.is_dry_run
              ? dry_text(what, chosen)
              : counted(answer.count, "message") + " " + what.done +
                    (answer.skipped.empty() ? "" : ", " + std::to_string(answer.skipped.size()) + " skipped") + "\n");
    if (chosen.not_resumable > 0) {
        print(counted(chosen.not_resumable, "message") + " not resumable: save and terminate them\n");
    }
    if (code != exit_code::done) {
        complain(plain(answer.text));
    }
    return code;
}

int change_messages(const arguments& given, const change& what, hawser::bus& bus, const message_filter& filter) {
    watch_interrupts();
    if (given.names.empty()) {
        return change_many(given, what, bus, filter);
    }
    int worst = exit_code::done;
    for (const std::string& id : given.names) {
        const int code = change_one(given, what, bus, id);
        worst = worst == exit_code::done ? code : worst;
    }
    return worst;
}

std::string read_edits(const arguments& given, message_edits& edits) {
    for (const std::string& text : given.set) {
        message_property property;
        if (std::string problem = parse_property(text, property, "--set"); !problem.empty()) {
            return problem;
        }
        edits.set.push_back(std::move(property));
    }
    edits.unset = given.unset;
    return {};
}

}  // namespace

int messages_resume(const arguments& given) {
    message_edits edits;
    message_filter filter;
    std::string problem = read_edits(given, edits);
    if (problem.empty()) {
        problem = build_filter(given, filter);
    }
    if (!problem.empty()) {
        return report_failure(given, "input.bad", problem, exit_code::bad_input);
    }
    const bus_access access = open_to_look(given);
    if (!access.is_open()) {
        return access.exit_code;
    }
    const change resume{.infinitive = "resume", .done = "resumed", .carry_out = [&](const message_filter& which) {
                            return access.bus().resume(which, edits);
                        }};
    return change_messages(given, resume, access.bus(), filter);
}

int messages_terminate(const arguments& given) {
    message_filter filter;
    if (const std::string problem = build_filter(given, filter); !problem.empty()) {
        return report_failure(given, "input.bad", problem, exit_code::bad_input);
    }
    const bus_access access = open_to_look(given);
    if (!access.is_open()) {
        return access.exit_code;
    }
    const change terminate{.infinitive = "terminate",
                           .done = "terminated",
                           .takes_not_resumable = true,
                           .carry_out = [&](const message_filter& which) { return access.bus().terminate(which); }};
    return change_messages(given, terminate, access.bus(), filter);
}

}  // namespace hawser::command
