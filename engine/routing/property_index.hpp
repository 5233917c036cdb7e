// The groups of conditions that are filed under one property, so that its value finds those that it may fulfil without
// a look at the others. Made by group_index; read-only after seal(), and then thread-safe. Borrows the conditions.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "routing/predicate.hpp"

namespace hawser::engine {

class group_index;

using property_id = std::uint32_t;
using group_id = std::uint32_t;

struct condition {
    property_id property;
    predicate test;
};

// A group on its way into the index: the conditions that it has not been filed under yet.
struct open_group {
    group_id group;
    std::span<condition> conditions;
};

struct promoted_value {
    property_id property;
    filter_value value;
};

class property_index {
public:
    property_index();
    property_index(property_index&&) noexcept;
    property_index& operator=(property_index&&) noexcept;
    ~property_index();

    // Files `rest` to be found by `test`, which must stay where it is.
    void file(const predicate& test, const open_group& rest);
    // Sorts, and gives an equality that too many groups share an index of its own, over their other conditions, unless
    // `depth` indexes are around this one already. Once, after the last file().
    void seal(int depth);
    // Appends the groups that the property may fulfil when it has this value and the message has `all` these (all that
    // hold, and few more), in no order, each as often as it was filed.
    void append_candidates(const filter_value& value, std::span<const promoted_value> all,
                           std::vector<group_id>& candidates) const;

private:
    struct same_value {
        std::vector<open_group> groups;
        std::unique_ptr<group_index> narrower;  // in place of the groups, where these are many
    };
    template <typename Key>
    struct bound {
        Key key;
        group_id group;
    };
    // The bounds of one direction. Numbers, instants and texts are sorted apart because there is no order over all of
    // them; numbers and instants are there twice, as a string that is none compares with their text.
    struct bounds {
        std::vector<bound<std::int64_t>> numbers;
        std::vector<bound<std::string_view>> number_texts;
        std::vector<bound<std::int64_t>> instants;
        std::vector<bound<std::string_view>> texts;  // also those of the instants

        void add(const filter_value& operand, group_id group);
        void seal();
    };

    static void narrow(same_value& one, int depth);
    static void append_same(const same_value& one, std::span<const promoted_value> all,
                            std::vector<group_id>& candidates);

    // An equality is filed once, by the form of its text: two equal values have the same, whatever their types are.
    same_value& filed_with(const filter_value& operand);
    const same_value* found_with(const filter_value& value) const;

    std::unordered_map<std::int64_t, same_value> equal_numbers_;
    std::unordered_map<std::int64_t, same_value> equal_instants_;
    std::unordered_map<std::string_view, same_value> equal_texts_;
    bounds lower_;                   // > and >=: hold from the bound upwards
    bounds upper_;                   // < and <=: hold from the bound downwards
    std::vector<group_id> present_;  // exists, != and &: any value may fulfil them
};

}  // namespace hawser::engine
