// The groups of conditions that are filed under one property, so that its value finds those that it may fulfil without
// a look at the others. Made by `subscriptions`; read-only after seal(), and then thread-safe. Borrows the predicates.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "routing/predicate.hpp"

namespace hawser::engine {

class property_index {
public:
    using group_id = std::uint32_t;

    // `condition` is the one of the group's conditions that it is found by. It must stay where it is.
    void file(const predicate& condition, group_id group);
    // Sorts; once, after the last file().
    void seal();
    // Appends the groups whose filing condition a promoted property of this value may fulfil (all that it does, and few
    // more), in no order, each as often as it was filed.
    void append_candidates(const filter_value& value, std::vector<group_id>& candidates) const;

private:
    template <typename Key>
    struct bound {
        Key key;
        group_id group;
    };
    // The bounds of one direction. Numbers and texts are sorted apart because `compare` is no order over both; numbers
    // are there twice, as a value that is no number compares with their text.
    struct bounds {
        std::vector<bound<std::int64_t>> numbers;
        std::vector<bound<std::string_view>> number_texts;
        std::vector<bound<std::string_view>> texts;

        void add(const filter_value& operand, group_id group);
        void seal();
    };

    std::unordered_map<std::int64_t, std::vector<group_id>> equal_numbers_;
    std::unordered_map<std::string_view, std::vector<group_id>> equal_texts_;
    bounds lower_;                   // > and >=: hold from the bound upwards
    bounds upper_;                   // < and <=: hold from the bound downwards
    std::vector<group_id> present_;  // exists, != and &: any value may fulfil them
};

}  // namespace hawser::engine
