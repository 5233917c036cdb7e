// The ports of a host with their states and subscriptions: what submissions are routed by and operators change. The
// state of a port is kept in the message box; what the bindings declare applies when a port is new or its declaration
// changed. Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bindings/bindings.hpp"
#include "messagebox/message_box.hpp"
#include "routing/subscriptions.hpp"

namespace hawser::engine {

class port_table {
public:
    // Reads the kept states and gives the operations that make changed ones durable.
    port_table(const host_bindings& bindings, const std::vector<port_state_record>& kept);

    std::vector<operation> take_changes() { return std::exchange(changes_, {}); }
    std::string state(const std::string& port) const;  // "" = no such port
    // The new state and the operation that makes it durable; codes not_found, bad_input.
    result<port_state_operation> change(const std::string& port, const std::string& action) const;
    void apply(const port_state_operation& change);
    result<std::vector<new_delivery>> route(const std::string& port, const message_context& context) const;
    const host_bindings& bindings() const noexcept { return bindings_; }

private:
    struct entry {
        const send_port_binding* binding = nullptr;
        std::string state;
    };
    std::vector<subscription> subscribed() const;  // of the ports and groups that are not bound
    std::vector<std::string> match(const message_context& context) const;

    const host_bindings& bindings_;
    mutable std::mutex mutex_;
    std::map<std::string, entry> ports_;
    std::vector<operation> changes_;
    // Made by the first match after a state has changed, so that many changes in a row cost one index. Under mutex_.
    mutable std::optional<subscriptions> subscriptions_;
};

}  // namespace hawser::engine
