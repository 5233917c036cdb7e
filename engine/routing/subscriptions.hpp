// Which send ports a published message goes to: filters of ports and groups over its promoted properties (spec section
// 4). An index: every group of conditions is filed under its most selective condition, and a message is tested only on
// the groups that its own values find, so that many subscriptions cost hardly more than a few.
// Immutable, so thread-safe: what changes is made anew.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "message/context.hpp"
#include "message/filter.hpp"
#include "routing/group_index.hpp"

namespace hawser::engine {

// What a filter means: any of its groups holds whole; a condition on a property that is absent or not promoted does
// not hold, whatever its operator. A group without conditions holds, a filter without groups does not.
// Throws std::invalid_argument for an operator that there is not. For one filter; many are what `subscriptions` is for.
bool matches(const filter_groups& filter, const message_context& context);

struct subscription {
    std::vector<std::string> ports;  // one, or a group's members
    filter_groups filter;
};

class subscriptions {
public:
    // Throws std::invalid_argument for an operator that there is not. Takes about 0.1 s for 100,000 subscriptions.
    explicit subscriptions(const std::vector<subscription>& all);
    subscriptions(subscriptions&&) = default;
    subscriptions& operator=(subscriptions&&) = default;
    subscriptions(const subscriptions&) = delete;  // the index borrows from the predicates beside it
    subscriptions& operator=(const subscriptions&) = delete;

    // The ports of all subscriptions that match: each port once, in the order of the subscriptions and their ports.
    std::vector<std::string> match(const message_context& context) const;

private:
    struct group {
        std::uint32_t begin;  // of its conditions_
        std::uint32_t end;
        std::uint32_t subscription;
    };
    struct port_slot {
        std::uint32_t port;  // position in port_names_
        bool is_shared;      // another slot has the port too
    };

    void read_ports(const std::vector<subscription>& all);
    void read_property_names(const std::vector<subscription>& all);
    void read_conditions(const std::vector<subscription>& all);
    void file_groups();
    std::vector<promoted_value> promoted_values(const message_context& context) const;
    bool holds(const group& one, std::span<const promoted_value> values) const;
    std::vector<std::string> ports_of(const std::vector<std::uint32_t>& matched) const;

    std::vector<std::string> port_names_;
    std::vector<port_slot> slots_;
    std::vector<std::uint32_t> first_slot_;    // of each subscription; one more at the end
    std::vector<std::string> property_names_;  // by property_id: ids are in the order of the names
    std::unordered_map<std::string_view, property_id> property_ids_;  // borrows property_names_
    std::vector<condition> conditions_;
    std::vector<group> groups_;  // by group_id: in the order of the subscriptions
    group_index index_;          // borrows conditions_
};

}  // namespace hawser::engine
