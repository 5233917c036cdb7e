#include "routing/group_index.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace hawser::engine {
namespace {

// Estimates how many groups a condition would share its place with: as many as ask for the same value, or, for the
// other operators, as many as look at the property at all.
class selectivity {
public:
    explicit selectivity(std::span<const open_group> groups) {
        for (const open_group& group : groups) {
            for (const condition& one : group.conditions) {
                ++tested_[one.property];
                if (one.test.operation() == filter_operator::equal) {
                    ++equal_[key_of(one)];
                }
            }
        }
    }
    std::uint32_t sharers(const condition& one) const {
        return one.test.operation() == filter_operator::equal ? equal_.at(key_of(one)) : tested_.at(one.property);
    }

private:
    // Two values with one hash are counted together, which makes the estimate worse and nothing wrong.
    static std::size_t key_of(const condition& one) {
        const filter_value operand = one.test.operand();
        const std::size_t value = operand.form == value_form::text
                                      ? std::hash<std::string_view>{}(operand.text)
                                      : std::hash<std::int64_t>{}(operand.number) * 0x9e3779b97f4a7c15U;
        return value ^ (one.property * 0xc2b2ae3d27d4eb4fU);
    }

    std::unordered_map<property_id, std::uint32_t> tested_;
    std::unordered_map<std::size_t, std::uint32_t> equal_;
};

// Among conditions that are estimated alike an equality is best, as all other values are kept away from it; then a
// bound, which keeps out half.
int rank(filter_operator operation) {
    switch (operation) {
    case filter_operator::equal: return 1;
    case filter_operator::less:
    case filter_operator::less_or_equal:
    case filter_operator::greater:
    case filter_operator::greater_or_equal: return 2;
    case filter_operator::not_equal:
    case filter_operator::exists:
    case filter_operator::bitwise_and: return 3;
    }
    return 3;
}

}  // namespace

group_index::group_index(std::span<const open_group> groups, int depth) {
    const selectivity estimate(groups);
    const auto cost = [&](const condition& one) {
        return std::pair(estimate.sharers(one), rank(one.test.operation()));
    };
    for (const auto& [group, conditions] : groups) {
        if (conditions.empty()) {
            always_.push_back(group);
            continue;
        }
        // The best comes first and stays there; the others are left for an index within this one.
        std::iter_swap(conditions.begin(),
                       std::min_element(conditions.begin(), conditions.end(),
                                        [&](const auto& left, const auto& right) { return cost(left) < cost(right); }));
        const condition& best = conditions.front();
        by_property_[best.property].file(best.test, {group, conditions.subspan(1)});
    }
    for (auto& [property, index] : by_property_) {
        index.seal(depth);
    }
}

void group_index::append_candidates(std::span<const promoted_value> values, std::vector<group_id>& candidates) const {
    candidates.insert(candidates.end(), always_.begin(), always_.end());
    for (const promoted_value& one : values) {
        const auto found = by_property_.find(one.property);
        if (found != by_property_.end()) {
            found->second.append_candidates(one.value, values, candidates);
        }
    }
}

}  // namespace hawser::engine
