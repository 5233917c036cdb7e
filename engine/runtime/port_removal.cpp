#include "runtime/port_removal.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "runtime/box_calls.hpp"

namespace hawser::engine {
namespace {

constexpr std::uint32_t suspended_at_once_max = 1000;  // a short transaction, and many for a long queue
constexpr std::chrono::milliseconds look_interval{20};

std::string counted(std::uint64_t count) { return std::to_string(count) + (count == 1 ? " message" : " messages"); }

void add(std::string& text, const std::string& piece) { text += (text.empty() ? "" : ", ") + piece; }

}  // namespace

port_removal::~port_removal() {
    if (!is_begun_ || is_done_) {
        return;
    }
    host_.ports.reopen();
    for (const std::string& port : ports_) {
        host_.delivery.set_started(port, host_.is_delivering(port) && host_.ports.state(port) == "started");
    }
}

result<void> port_removal::prepare(const reload_options& options) {
    if (is_empty()) {
        return {};
    }
    const auto refuse_waiting = [](const std::string& waiting) {
        return fail("not_accepted", "what is to be removed still has messages: " + waiting +
                                        "; let them go out or terminate them first, or suspend them with "
                                        "--suspend-removed");
    };
    if (const std::string waiting = find_waiting(); !options.suspends_removed && !waiting.empty()) {
        return refuse_waiting(waiting);
    }
    is_begun_ = true;
    for (const std::string& port : ports_) {
        host_.delivery.set_started(port, false);
    }
    if (options.suspends_removed) {  // most of them while messages still come in
        if (result<void> done = suspend_waiting(); !done) {
            return done;
        }
    }
    if (result<void> done = wait_until_inactive(options.in_flight_wait_ms); !done) {
        return done;
    }
    {
        const std::lock_guard lock(host_.publish_mutex);
        host_.ports.close(ports_, groups_);
    }
    wait_for_writer();  // what was published before is in the box now, and nothing follows
    if (options.suspends_removed) {
        return suspend_waiting();
    }
    const std::string waiting = find_waiting();
    return waiting.empty() ? result<void>{} : refuse_waiting(waiting);
}

void port_removal::finish() {
    is_done_ = true;
    if (is_empty()) {
        return;
    }
    for (const std::string& port : ports_) {
        host_.delivery.remove_port(port);
    }
    wait_for_writer();
    if (result<void> done = suspend_waiting(); !done) {
        log::warning("messages of a removed port could not be suspended; they wait for it to come back",
                     {{"error", done.error().text}});
    }
}

std::string port_removal::find_waiting() const {
    std::string text;
    for (const port_counts& one : host_.box.counts()) {
        if (ports_.count(one.port) != 0 && one.queued + one.retrying > 0) {
            add(text, "send port \"" + one.port + "\" " + counted(one.queued + one.retrying));
        }
    }
    for (const held_count& one : host_.box.held_counts()) {
        if (groups_.count(one.group) != 0) {
            add(text, "send port group \"" + one.group + "\" holds " + counted(one.held));
        }
    }
    return text;
}

std::string port_removal::find_active() const {
    std::string text;
    for (const std::string& port : ports_) {
        const std::size_t count =
            host_.box.list({.port = port, .state = delivery_state::active, .count_max = 100}).size();
        if (count > 0) {
            add(text, "send port \"" + port + "\" " + counted(count));
        }
    }
    return text;
}

result<void> port_removal::wait_until_inactive(std::int64_t wait_ms) const {
    const std::int64_t end_ms = system_clock().monotonic_ms() + wait_ms;
    wait_for_writer();  // a claim that was asked for before the ports were stopped is answered
    for (std::string active = find_active(); !active.empty(); active = find_active()) {
        if (host_.is_stopping() || system_clock().monotonic_ms() >= end_ms) {
            return fail("not_accepted", "what is to be removed is still being sent: " + active +
                                            "; try again when the attempts have ended");
        }
        std::this_thread::sleep_for(look_interval);
    }
    return {};
}

result<void> port_removal::suspend_waiting() {
    for (const std::string& port : ports_) {
        if (result<void> done = suspend_all(port, ""); !done) {
            return done;
        }
    }
    for (const std::string& group : groups_) {
        if (result<void> done = suspend_all("", group); !done) {
            return done;
        }
    }
    return {};
}

result<void> port_removal::suspend_all(const std::string& port, const std::string& group) {
    const std::string what = port.empty() ? "send port group" : "send port";
    std::uint64_t count = suspended_at_once_max;
    while (count == suspended_at_once_max) {
        if (host_.is_stopping()) {
            return fail("not_accepted", "the host is stopping");
        }
        suspend_waiting_operation piece{port, group, "port.removed",
                                        "its " + what +
                                            " was removed from the bindings: add it again and resume, or "
                                            "save and terminate the message",
                                        suspended_at_once_max};
        const commit_answer answer = commit_and_wait(host_.box, {std::move(piece)});
        if (answer.status != commit_status::done) {
            return fail("not_accepted", answer.text);
        }
        count = answer.count;
        suspended_ += count;
    }
    return {};
}

void port_removal::wait_for_writer() const { commit_and_wait(host_.box, {}); }

}  // namespace hawser::engine
