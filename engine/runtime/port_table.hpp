// The ports and groups of a host with their states and subscriptions: what submissions are routed by, operators change
// and a reload replaces. A state is kept in the message box; what the bindings declare applies when a port or group is
// new or its declaration changed. Thread-safe.
//
// A group that is started subscribes for its members that are not bound, one that is bound does not. One that is
// stopped subscribes and holds: what it alone takes waits for it to be started, whatever the states of its members.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bindings/bindings.hpp"
#include "messagebox/message_box.hpp"
#include "routing/subscriptions.hpp"

namespace hawser::engine {

// The states that the ports and groups of some bindings have, and the operations that make changed ones durable.
struct port_states {
    std::map<std::string, std::string> ports;
    std::map<std::string, std::string> groups;
    std::vector<operation> changes;
};
port_states read_port_states(const host_bindings& bindings, const std::vector<port_state_record>& kept);

// What becomes of a message to a port that is about to be removed: it is refused; or stored all the same where nobody
// could be told, and suspended with what that port still has.
enum class closing_rule : std::uint8_t { refuse = 1, ignore };

class port_table {
public:
    port_table(std::shared_ptr<const host_bindings> bindings, port_states states);

    std::string state(const std::string& port) const;         // "" = no such port
    std::string group_state(const std::string& group) const;  // "" = no such group

    // The new state, to be made durable and then applied; codes not_found, bad_input.
    result<port_state_operation> change(const std::string& port, const std::string& action) const;
    result<port_state_operation> change_group(const std::string& group, const std::string& action) const;
    void apply(const port_state_operation& change);
    void replace(std::shared_ptr<const host_bindings> bindings, port_states states);

    // Ports and groups that are about to be removed: until replace() or reopen(), whatever would go to one of them is
    // answered with code port_closing, so that nothing is stored for a port that has gone a moment later.
    void close(std::set<std::string> ports, std::set<std::string> groups);
    void reopen();
    bool wait_until_open(std::int64_t wait_ms) const;  // false: the time is over

    // Who takes a message; codes no_subscriber, port_closing.
    result<std::vector<new_delivery>> route(const std::string& port, const message_context& context,
                                            closing_rule rule = closing_rule::refuse) const;
    std::uint64_t revision() const;  // another one: the same message may be routed in another way

    static constexpr const char* port_closing = "port.closing";

private:
    struct target {
        std::string port;
        std::string held_for;  // a group; "" = it is not held
    };
    std::vector<subscription> subscribed() const;  // of the ports that are not bound and the groups that are started
    std::vector<subscription> holding() const;     // of the stopped groups, by their names
    std::vector<target> match(const message_context& context) const;
    result<std::vector<target>> match_port(const std::string& port) const;
    std::string why_nobody(const message_context& context) const;  // takes it, and what to do about it
    bool is_asked_for(const std::string& property) const;          // by a filter
    const std::string* closing_among(const std::vector<target>& targets) const;
    void note_change();

    mutable std::mutex mutex_;
    std::shared_ptr<const host_bindings> bindings_;
    port_states states_;
    std::map<std::string, const send_port_binding*> ports_;
    std::map<std::string, const send_port_group_binding*> groups_;
    std::set<std::string> closing_ports_;
    std::set<std::string> closing_groups_;
    mutable std::condition_variable opened_;
    std::uint64_t revision_ = 1;
    // Made by the first match after a state has changed, so that many changes in a row cost one index. Under mutex_.
    mutable std::optional<subscriptions> subscriptions_;
    mutable std::optional<subscriptions> holding_;
};

}  // namespace hawser::engine
