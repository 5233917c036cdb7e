#include "delivery/port_schedule.hpp"

#include <algorithm>
#include <utility>

#include "base/clock.hpp"
#include "delivery/urgency.hpp"

namespace hawser::engine {
namespace {
constexpr std::size_t claim_count_max = 256;              // of one claim over all ports
constexpr std::int64_t endpoint_hold_max_ms = 60 * 1000;  // a port whose endpoint is down is tried again this often
}  // namespace

void port_schedule::set_port(std::shared_ptr<const send_port_runtime> port, bool is_started) {
    entry& one = ports_[port->name];
    if (one.gate.limit() != port->rate) {
        one.gate = rate_gate(port->rate);
    }
    one.runtime = std::move(port);
    one.is_started = is_started;
    one.window_until_unix_ms = 0;
    one.held_until_ms = 0;
    one.may_be_due = true;
    ++one.wake_count;
}

// Its entry stays as long as something of it is in flight, and is small.
void port_schedule::remove_port(const std::string& port) {
    const auto found = ports_.find(port);
    if (found == ports_.end()) {
        return;
    }
    if (found->second.in_flight == 0) {
        unknown_due_.erase(port);
        ports_.erase(found);
    } else {
        found->second.is_started = false;
        found->second.runtime.reset();
    }
}

void port_schedule::set_started(const std::string& port, bool is_started) {
    entry& one = ports_[port];
    one.is_started = is_started;
    one.may_be_due = true;
    one.held_until_ms = 0;
    ++one.wake_count;
}

std::shared_ptr<const send_port_runtime> port_schedule::runtime(const std::string& port) const {
    const auto found = ports_.find(port);
    return found == ports_.end() ? nullptr : found->second.runtime;
}

bool port_schedule::is_started(const std::string& port) const {
    const auto found = ports_.find(port);
    return found != ports_.end() && found->second.is_started;
}

bool port_schedule::wake(const std::string& port) {
    const auto found = ports_.find(port);
    if (found == ports_.end()) {
        return false;
    }
    ++found->second.wake_count;
    return !std::exchange(found->second.may_be_due, true);
}

void port_schedule::hold(const std::string& port, std::int64_t until_ms, std::string reason) {
    if (const auto found = ports_.find(port); found != ports_.end()) {
        found->second.held_until_ms = until_ms;
        found->second.hold_reason = std::move(reason);
    }
}

void port_schedule::note_endpoint_down(const send_port_runtime& port, std::int64_t now_ms, const std::string& reason) {
    if (!port.is_dynamic && !port.backup) {
        hold(port.name, now_ms + std::min(port.primary.retry_interval_ms, endpoint_hold_max_ms), reason);
    }
}

std::string port_schedule::note(const std::string& port, moment now) {
    const auto found = ports_.find(port);
    if (found == ports_.end() || !found->second.runtime || !found->second.is_started) {
        return "";
    }
    entry& one = found->second;
    refresh_window(one, now.unix_ms);
    if (!one.is_window_open) {
        return one.window_until_unix_ms == never_ms
                   ? "its service window never opens"
                   : "outside its service window until " + rfc3339(one.window_until_unix_ms);
    }
    return one.held_until_ms <= now.monotonic_ms ? "" : "endpoint down: " + one.hold_reason;
}

void port_schedule::refresh_window(entry& port, std::int64_t now_unix_ms) const {
    const std::optional<service_window>& window = port.runtime->primary.window;
    const bool was_clock_set_back = now_unix_ms < port.window_from_unix_ms;
    if (window && (was_clock_set_back || now_unix_ms >= port.window_until_unix_ms)) {
        const window_state state = state_of(*window, now_unix_ms);
        port.window_from_unix_ms = now_unix_ms;
        port.is_window_open = state.is_open;
        port.window_until_unix_ms = state.until_unix_ms;
    } else if (!window) {
        port.is_window_open = true;
    }
}

bool port_schedule::is_backup_open(const entry& port, std::int64_t now_unix_ms) {
    const std::optional<transport_runtime>& backup = port.runtime->backup;
    return backup && (!backup->window || state_of(*backup->window, now_unix_ms).is_open);
}

std::uint32_t port_schedule::room_of(const entry& port, std::int64_t now_ms, const destination_limits& destinations,
                                     std::int64_t& next_ms) const {
    const send_port_runtime& runtime = *port.runtime;
    const std::uint32_t limit = runtime.is_ordered && !runtime.is_ordered_by_location ? 1 : runtime.in_flight_max;
    std::uint32_t room = limit - std::min(limit, port.in_flight);
    if (const std::uint32_t by_rate = port.gate.available(now_ms); by_rate < room) {
        room = by_rate;
        next_ms = std::min(next_ms, room == 0 ? port.gate.next_ms() : never_ms);
    }
    if (const destination_limits::index where = destinations.find(runtime.primary.address);
        where && !runtime.is_dynamic) {
        room = std::min(room, destinations.room(where, now_ms));
        next_ms = std::min(next_ms, room == 0 ? destinations.next_ms(where, now_ms) : never_ms);
    }
    return room;
}

std::optional<port_schedule::candidate> port_schedule::look_at(const std::string& name, entry& port, moment now,
                                                               const destination_limits& destinations,
                                                               std::int64_t& next_ms) {
    const auto in = [&](std::int64_t unix_ms) {
        return unix_ms == never_ms ? never_ms : now.monotonic_ms + (unix_ms - now.unix_ms);
    };
    refresh_window(port, now.unix_ms);
    port.may_be_due = port.may_be_due || (port.is_partly_asked && port.is_window_open);
    if (!port.may_be_due) {
        const std::int64_t due_unix_ms =
            port.is_partly_asked ? std::min(port.next_due_unix_ms, port.window_until_unix_ms) : port.next_due_unix_ms;
        if (due_unix_ms > now.unix_ms) {
            next_ms = std::min(next_ms, in(due_unix_ms));
            return std::nullopt;
        }
        port.may_be_due = true;
    }
    if (port.held_until_ms > now.monotonic_ms) {
        next_ms = std::min(next_ms, port.held_until_ms);
        return std::nullopt;
    }
    port.held_until_ms = 0;
    if (!port.is_window_open) {
        next_ms = std::min(next_ms, in(port.window_until_unix_ms));
        if (!is_backup_open(port, now.unix_ms)) {
            return std::nullopt;
        }
    }
    const std::uint32_t room = room_of(port, now.monotonic_ms, destinations, next_ms);
    return room == 0 ? std::nullopt : std::optional(candidate{&name, &port, room});
}

port_schedule::plan port_schedule::make_plan(moment now, const std::set<std::string>& has_waiting,
                                             const destination_limits& destinations) {
    plan made;
    std::vector<candidate> candidates;
    for (auto& [name, port] : ports_) {
        const bool is_askable =
            port.is_started && port.runtime && (port.runtime->is_ordered_by_location || has_waiting.count(name) == 0);
        if (!is_askable) {
            continue;
        }
        if (const auto one = look_at(name, port, now, destinations, made.next_ms)) {
            candidates.push_back(*one);
        }
    }
    std::stable_sort(candidates.begin(), candidates.end(), [this](const candidate& a, const candidate& b) {
        return urgency(a.port->runtime->priority, plan_count_ - a.port->asked_at) <
               urgency(b.port->runtime->priority, plan_count_ - b.port->asked_at);
    });
    std::size_t count = 0;
    for (const candidate& one : candidates) {
        if (count >= claim_count_max) {
            break;
        }
        made.claims.push_back({*one.name, one.room, one.port->runtime->is_ordered, !one.port->is_window_open,
                               one.port->runtime->stops_on_failure});
        count += one.room;
    }
    return made;
}

std::map<std::string, port_schedule::asked_port> port_schedule::note_asked(const std::vector<port_claim>& claims) {
    std::map<std::string, asked_port> asked;
    ++plan_count_;
    for (const port_claim& one : claims) {
        entry& port = ports_.at(one.port);
        port.asked_at = plan_count_;
        asked[one.port] = {port.wake_count, one.count_max, one.only_on_backup};
    }
    return asked;
}

void port_schedule::note_claimed(const std::string& port, std::int64_t now_ms) {
    entry& one = ports_[port];
    ++one.in_flight;
    one.gate.take(now_ms);
}

void port_schedule::note_answered(const std::string& port, const asked_port& asked, std::uint32_t count) {
    const auto found = ports_.find(port);
    if (found == ports_.end() || count >= asked.count_max || found->second.wake_count != asked.wake_count) {
        return;
    }
    found->second.may_be_due = false;
    found->second.next_due_unix_ms = never_ms;
    found->second.is_partly_asked = asked.is_partial;
    unknown_due_.insert(port);
}

void port_schedule::note_settled(const std::string& port) {
    const auto found = ports_.find(port);
    if (found == ports_.end()) {
        return;
    }
    entry& one = found->second;
    --one.in_flight;
    ++one.wake_count;
    one.may_be_due = true;
    if (!one.runtime && one.in_flight == 0) {  // it was removed
        unknown_due_.erase(port);
        ports_.erase(found);
    }
}

std::optional<std::string> port_schedule::take_unknown_due() {
    if (unknown_due_.empty()) {
        return std::nullopt;
    }
    return std::move(unknown_due_.extract(unknown_due_.begin()).value());
}

std::uint64_t port_schedule::wake_count(const std::string& port) const {
    const auto found = ports_.find(port);
    return found == ports_.end() ? 0 : found->second.wake_count;
}

void port_schedule::set_due(const std::string& port, std::uint64_t wake_count,
                            std::optional<std::int64_t> due_unix_ms) {
    const auto found = ports_.find(port);
    if (found != ports_.end() && found->second.wake_count == wake_count) {
        found->second.next_due_unix_ms = due_unix_ms.value_or(never_ms);
    }
}

bool port_schedule::is_idle() const {
    return std::none_of(ports_.begin(), ports_.end(), [](const auto& one) {
        const entry& port = one.second;
        return port.is_started && port.runtime && port.may_be_due && port.held_until_ms == 0 && port.is_window_open;
    });
}

}  // namespace hawser::engine
