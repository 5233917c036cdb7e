// Which send ports a published message goes to: filters of ports and groups over its promoted properties (spec section
// 4). Immutable once made; thread-safe.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "message/context.hpp"
#include "message/filter.hpp"

namespace hawser::engine {

bool matches(const filter_groups& filter, const message_context& context);

struct subscription {
    std::vector<std::string> ports;  // one, or a group's members
    filter_groups filter;
};

class subscriptions {
public:
    void add(subscription one) { all_.push_back(std::move(one)); }
    // Each port once, in the order of the bindings.
    std::vector<std::string> match(const message_context& context) const;

private:
    std::vector<subscription> all_;
};

}  // namespace hawser::engine
