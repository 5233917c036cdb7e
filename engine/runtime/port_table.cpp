#include "runtime/port_table.hpp"

#include <algorithm>

#include "base/diagnostics.hpp"
#include "base/log.hpp"

namespace hawser::engine {

port_table::port_table(const host_bindings& bindings, const std::vector<port_state_record>& kept)
    : bindings_(bindings) {
    for (const send_port_binding& port : bindings.send_ports) {
        const auto record =
            std::find_if(kept.begin(), kept.end(), [&](const port_state_record& one) { return one.port == port.name; });
        if (record != kept.end() && record->declared == port.state && !record->state.empty()) {
            ports_[port.name] = {&port, record->state};
        } else {
            ports_[port.name] = {&port, port.state};
            changes_.emplace_back(port_state_operation{port.name, port.state, port.state});
        }
    }
}

std::string port_table::state(const std::string& port) const {
    const std::lock_guard lock(mutex_);
    const auto found = ports_.find(port);
    return found == ports_.end() ? "" : found->second.state;
}

result<port_state_operation> port_table::change(const std::string& port, const std::string& action) const {
    const std::lock_guard lock(mutex_);
    const auto found = ports_.find(port);
    if (found == ports_.end()) {
        return fail("not_found", "there is no send port \"" + printable(port, 80) + '"');
    }
    const std::string& state = found->second.state;
    std::string next;
    if (action == "enlist") {
        next = state == "bound" ? "stopped" : state;
    } else if (action == "start") {
        next = "started";
    } else if (action == "stop") {
        next = state == "started" ? "stopped" : state;
    } else if (action == "unenlist") {
        next = "bound";
    } else {
        return fail("bad_input", '"' + printable(action, 20) + "\" is no action: enlist, start, stop and unenlist are");
    }
    return port_state_operation{port, next, found->second.binding->state};
}

void port_table::apply(const port_state_operation& change) {
    const std::lock_guard lock(mutex_);
    ports_[change.port].state = change.state;
    subscriptions_.reset();
}

std::vector<subscription> port_table::subscribed() const {
    std::vector<subscription> all;
    for (const send_port_binding& port : bindings_.send_ports) {
        if (port.filter && ports_.at(port.name).state != "bound") {
            all.push_back({{port.name}, *port.filter});
        }
    }
    for (const send_port_group_binding& group : bindings_.send_port_groups) {
        if (group.filter && group.state != "bound") {
            std::vector<std::string> members;
            std::copy_if(group.ports.begin(), group.ports.end(), std::back_inserter(members),
                         [this](const std::string& port) { return ports_.at(port).state != "bound"; });
            all.push_back({std::move(members), *group.filter});
        }
    }
    return all;
}

std::vector<std::string> port_table::match(const message_context& context) const {
    if (!subscriptions_) {
        subscriptions_.emplace(subscribed());
    }
    return subscriptions_->match(context);
}

result<std::vector<new_delivery>> port_table::route(const std::string& port, const message_context& context) const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> names;
    if (port.empty()) {
        names = match(context);
        if (names.empty()) {
            return fail("no_subscriber",
                        "no send port takes this message: no filter matches its promoted properties (name a port, or "
                        "correct a filter)");
        }
    } else {
        const auto found = ports_.find(port);
        if (found == ports_.end()) {
            std::vector<std::string> known;
            for (const auto& [name, one] : ports_) {
                known.push_back(name);
            }
            const std::string near = nearest_name(port, known);
            return fail("no_subscriber", "there is no send port \"" + printable(port, 80) + '"' +
                                             (near.empty() ? "" : ": did you mean \"" + near + "\"?"));
        }
        if (found->second.state == "bound") {
            return fail("no_subscriber",
                        "the send port \"" + port + "\" is bound, so it takes no messages: enlist or start it first");
        }
        names = {port};
    }
    std::vector<new_delivery> deliveries;
    for (const std::string& name : names) {
        const send_port_binding& binding = *ports_.at(name).binding;
        deliveries.push_back({name, binding.priority, 0, binding.is_ordered,
                              binding.is_ordered_by_location ? context.text_or("BTS.OutboundTransportLocation", "")
                                                             : std::string{}});
    }
    return deliveries;
}

}  // namespace hawser::engine
