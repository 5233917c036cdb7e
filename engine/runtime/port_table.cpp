#include "runtime/port_table.hpp"

#include <algorithm>
#include <chrono>

#include "base/diagnostics.hpp"
#include "base/log.hpp"

namespace hawser::engine {
namespace {

enum class subscriber : std::uint8_t { port = 1, group };

std::string state_of(const std::string& name, const std::string& declared, subscriber kind,
                     const std::vector<port_state_record>& kept, std::vector<operation>& changes) {
    const bool is_group = kind == subscriber::group;
    const auto record = std::find_if(kept.begin(), kept.end(), [&](const port_state_record& one) {
        return one.port == name && one.is_group == is_group;
    });
    if (record != kept.end() && record->declared == declared && !record->state.empty()) {
        return record->state;
    }
    changes.emplace_back(port_state_operation{name, declared, declared, is_group});
    return declared;
}

result<std::string> next_state(const std::string& state, const std::string& action) {
    if (action == "enlist") {
        return state == "bound" ? std::string("stopped") : state;
    }
    if (action == "start") {
        return std::string("started");
    }
    if (action == "stop") {
        return state == "started" ? std::string("stopped") : state;
    }
    if (action == "unenlist") {
        return std::string("bound");
    }
    return fail("bad_input", '"' + printable(action, 20) + "\" is no action: enlist, start, stop and unenlist are");
}

std::string did_you_mean(const std::string& name, const std::map<std::string, const send_port_binding*>& ports) {
    std::vector<std::string> known;
    for (const auto& [port, binding] : ports) {
        known.push_back(port);
    }
    const std::string near = nearest_name(name, known);
    return near.empty() ? "" : ": did you mean \"" + near + "\"?";
}

}  // namespace

port_states read_port_states(const host_bindings& bindings, const std::vector<port_state_record>& kept) {
    port_states all;
    for (const send_port_binding& port : bindings.send_ports) {
        all.ports[port.name] = state_of(port.name, port.state, subscriber::port, kept, all.changes);
    }
    for (const send_port_group_binding& group : bindings.send_port_groups) {
        all.groups[group.name] = state_of(group.name, group.state, subscriber::group, kept, all.changes);
    }
    return all;
}

port_table::port_table(std::shared_ptr<const host_bindings> bindings, port_states states) {
    replace(std::move(bindings), std::move(states));
}

void port_table::replace(std::shared_ptr<const host_bindings> bindings, port_states states) {
    const std::lock_guard lock(mutex_);
    bindings_ = std::move(bindings);
    states_ = std::move(states);
    ports_.clear();
    groups_.clear();
    for (const send_port_binding& port : bindings_->send_ports) {
        ports_[port.name] = &port;
    }
    for (const send_port_group_binding& group : bindings_->send_port_groups) {
        groups_[group.name] = &group;
    }
    closing_ports_.clear();
    closing_groups_.clear();
    note_change();
    opened_.notify_all();
}

void port_table::note_change() {
    ++revision_;
    subscriptions_.reset();
    holding_.reset();
}

std::string port_table::state(const std::string& port) const {
    const std::lock_guard lock(mutex_);
    const auto found = states_.ports.find(port);
    return found == states_.ports.end() ? "" : found->second;
}

std::string port_table::group_state(const std::string& group) const {
    const std::lock_guard lock(mutex_);
    const auto found = states_.groups.find(group);
    return found == states_.groups.end() ? "" : found->second;
}

result<port_state_operation> port_table::change(const std::string& port, const std::string& action) const {
    const std::lock_guard lock(mutex_);
    const auto found = ports_.find(port);
    if (found == ports_.end()) {
        return fail("not_found", "there is no send port \"" + printable(port, 80) + '"');
    }
    result<std::string> next = next_state(states_.ports.at(port), action);
    if (!next) {
        return unexpected{std::move(next).error()};
    }
    return port_state_operation{port, std::move(*next), found->second->state};
}

result<port_state_operation> port_table::change_group(const std::string& group, const std::string& action) const {
    const std::lock_guard lock(mutex_);
    const auto found = groups_.find(group);
    if (found == groups_.end()) {
        return fail("not_found", "there is no send port group \"" + printable(group, 80) + '"');
    }
    result<std::string> next = next_state(states_.groups.at(group), action);
    if (!next) {
        return unexpected{std::move(next).error()};
    }
    return port_state_operation{group, std::move(*next), found->second->state, true};
}

void port_table::apply(const port_state_operation& change) {
    const std::lock_guard lock(mutex_);
    (change.is_group ? states_.groups : states_.ports)[change.port] = change.state;
    note_change();
}

// ---- Closing ----

void port_table::close(std::set<std::string> ports, std::set<std::string> groups) {
    const std::lock_guard lock(mutex_);
    closing_ports_ = std::move(ports);
    closing_groups_ = std::move(groups);
    ++revision_;
}

void port_table::reopen() {
    const std::lock_guard lock(mutex_);
    closing_ports_.clear();
    closing_groups_.clear();
    ++revision_;
    opened_.notify_all();
}

bool port_table::wait_until_open(std::int64_t wait_ms) const {
    std::unique_lock lock(mutex_);
    return opened_.wait_for(lock, std::chrono::milliseconds(wait_ms),
                            [this] { return closing_ports_.empty() && closing_groups_.empty(); });
}

const std::string* port_table::closing_among(const std::vector<target>& targets) const {
    for (const target& one : targets) {
        if (closing_ports_.count(one.port) != 0) {
            return &one.port;
        }
        if (closing_groups_.count(one.held_for) != 0) {
            return &one.held_for;
        }
    }
    return nullptr;
}

// ---- Routing ----

std::vector<subscription> port_table::subscribed() const {
    std::vector<subscription> all;
    for (const send_port_binding& port : bindings_->send_ports) {
        if (port.filter && states_.ports.at(port.name) != "bound") {
            all.push_back({{port.name}, *port.filter});
        }
    }
    for (const send_port_group_binding& group : bindings_->send_port_groups) {
        if (group.filter && states_.groups.at(group.name) == "started") {
            std::vector<std::string> members;
            std::copy_if(group.ports.begin(), group.ports.end(), std::back_inserter(members),
                         [this](const std::string& port) { return states_.ports.at(port) != "bound"; });
            all.push_back({std::move(members), *group.filter});
        }
    }
    return all;
}

std::vector<subscription> port_table::holding() const {
    std::vector<subscription> all;
    for (const send_port_group_binding& group : bindings_->send_port_groups) {
        if (group.filter && states_.groups.at(group.name) == "stopped") {
            all.push_back({{group.name}, *group.filter});
        }
    }
    return all;
}

std::vector<port_table::target> port_table::match(const message_context& context) const {
    if (!subscriptions_) {
        subscriptions_.emplace(subscribed());
        holding_.emplace(holding());
    }
    std::vector<target> targets;
    std::set<std::string> seen;
    for (std::string& port : subscriptions_->match(context)) {
        seen.insert(port);
        targets.push_back({std::move(port), ""});
    }
    for (const std::string& group : holding_->match(context)) {
        for (const std::string& port : groups_.at(group)->ports) {
            if (states_.ports.at(port) != "bound" && seen.insert(port).second) {
                targets.push_back({port, group});
            }
        }
    }
    return targets;
}

result<std::vector<port_table::target>> port_table::match_port(const std::string& port) const {
    const auto found = states_.ports.find(port);
    if (found == states_.ports.end()) {
        return fail("no_subscriber",
                    "there is no send port \"" + printable(port, 80) + '"' + did_you_mean(port, ports_));
    }
    if (found->second == "bound") {
        return fail("no_subscriber",
                    "the send port \"" + port + "\" is bound, so it takes no messages: enlist or start it first");
    }
    return std::vector<target>{{port, ""}};
}

// Only those that are bound are looked at, and the names in filters only for a property that they might miss: a refusal
// has to be quick among many ports, too.
std::string port_table::why_nobody(const message_context& context) const {
    std::string bound;
    const auto look_at = [&](const char* kind, const std::string& name, const std::optional<filter_groups>& filter) {
        if (filter && matches(*filter, context)) {
            bound += std::string(bound.empty() ? "" : ", ") + kind + " \"" + printable(name, 80) + '"';
        }
    };
    for (const auto& [name, state] : states_.ports) {
        if (state == "bound") {
            look_at("send port", name, ports_.at(name)->filter);
        }
    }
    for (const auto& [name, state] : states_.groups) {
        const send_port_group_binding& group = *groups_.at(name);
        if (state == "bound") {
            look_at("send port group", name, group.filter);
        } else if (std::all_of(group.ports.begin(), group.ports.end(),
                               [this](const std::string& port) { return states_.ports.at(port) == "bound"; })) {
            look_at("all ports of the send port group", name, group.filter);
        }
    }
    std::string text = bound.empty()
                           ? "no filter matches its promoted properties (name a port, or correct a filter)"
                           : "what would is bound, and so not subscribed: " + bound + " (enlist or start it first)";
    context.for_each([&](const message_context::map_type::value_type& entry) {
        const auto& [name, property] = entry;
        if (!property.is_promoted && property.value.size() > promoted_value_size_max && is_asked_for(name)) {
            text += "; " + name + " is not promoted, as its value is longer than " +
                    std::to_string(promoted_value_size_max) + " bytes: no filter sees it";
        }
    });
    return text;
}

bool port_table::is_asked_for(const std::string& property) const {
    const auto has = [&](const auto& binding) {
        const auto& filter = binding.filter;
        return filter && std::any_of(filter->begin(), filter->end(), [&](const auto& conditions) {
                   return std::any_of(conditions.begin(), conditions.end(),
                                      [&](const filter_condition& one) { return one.property == property; });
               });
    };
    return std::any_of(bindings_->send_ports.begin(), bindings_->send_ports.end(), has) ||
           std::any_of(bindings_->send_port_groups.begin(), bindings_->send_port_groups.end(), has);
}

result<std::vector<new_delivery>> port_table::route(const std::string& port, const message_context& context,
                                                    closing_rule rule) const {
    const std::lock_guard lock(mutex_);
    result<std::vector<target>> targets = port.empty() ? match(context) : match_port(port);
    if (!targets) {
        return unexpected{std::move(targets).error()};
    }
    if (targets->empty()) {
        // What the engine itself publishes is often for nobody, and nobody reads why.
        return fail("no_subscriber", "no send port takes this message" +
                                         (rule == closing_rule::refuse ? ": " + why_nobody(context) : std::string()));
    }
    if (const std::string* closing = closing_among(*targets); closing != nullptr && rule == closing_rule::refuse) {
        return fail(port_closing, '"' + *closing + "\" is being removed by a reload: try again in a moment");
    }
    std::vector<new_delivery> deliveries;
    for (target& one : *targets) {
        const send_port_binding& binding = *ports_.at(one.port);
        new_delivery delivery{std::move(one.port), binding.priority, 0, binding.is_ordered};
        delivery.order_key =
            binding.is_ordered_by_location ? context.text_or("BTS.OutboundTransportLocation", "") : std::string{};
        delivery.held_for = std::move(one.held_for);
        deliveries.push_back(std::move(delivery));
    }
    return deliveries;
}

std::uint64_t port_table::revision() const {
    const std::lock_guard lock(mutex_);
    return revision_;
}

}  // namespace hawser::engine
