// Which send ports a published message goes to: filters of ports and groups over its promoted properties (spec section
// 4). Immutable once made; thread-safe.
#pragma once

#include <set>
#include <string>
#include <utility>
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
    explicit subscriptions(std::vector<subscription> all) : all_(std::move(all)) {}
    // Each port once, in the order of the subscriptions.
    std::vector<std::string> match(const message_context& context) const;

private:
    std::vector<subscription> all_;
};

}  // namespace hawser::engine
