// Finds, among many groups of conditions, those that a message may fulfil: each group is filed once, under the one of
// its conditions that fewest others share. Made by `subscriptions`; immutable and so thread-safe. Borrows the
// conditions.
#pragma once

#include <span>
#include <unordered_map>
#include <vector>

#include "routing/property_index.hpp"

namespace hawser::engine {

class group_index {
public:
    group_index() = default;
    // Puts the conditions of each group in another order, and expects them to stay where they are from then on.
    // `depth`: how many indexes this one is in.
    explicit group_index(std::span<const open_group> groups, int depth = 0);

    // Appends every group that holds for these values, and few others, in no order, each once.
    void append_candidates(std::span<const promoted_value> values, std::vector<group_id>& candidates) const;

private:
    std::unordered_map<property_id, property_index> by_property_;
    std::vector<group_id> always_;  // no condition is left
};

}  // namespace hawser::engine
