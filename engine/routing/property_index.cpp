#include "routing/property_index.hpp"

#include <algorithm>

namespace hawser::engine {
namespace {

using group_ids = std::vector<property_index::group_id>;

template <typename Bounds>
void sort_by_key(Bounds& all) {
    std::sort(all.begin(), all.end(), [](const auto& left, const auto& right) { return left.key < right.key; });
    all.shrink_to_fit();
}

template <typename Iterator>
void append_groups(Iterator from, Iterator to, group_ids& candidates) {
    std::transform(from, to, std::back_inserter(candidates), [](const auto& one) { return one.group; });
}

// The bounds that are at most the value, or at least: which of > and >= holds at the bound itself is for the predicate.
template <typename Bounds, typename Key>
void append_lower(const Bounds& all, const Key& value, group_ids& candidates) {
    const auto end = std::upper_bound(all.begin(), all.end(), value,
                                      [](const Key& left, const auto& right) { return left < right.key; });
    append_groups(all.begin(), end, candidates);
}

template <typename Bounds, typename Key>
void append_upper(const Bounds& all, const Key& value, group_ids& candidates) {
    const auto begin = std::lower_bound(all.begin(), all.end(), value,
                                        [](const auto& left, const Key& right) { return left.key < right; });
    append_groups(begin, all.end(), candidates);
}

template <typename Map, typename Key>
void append_equal(const Map& groups_by_value, const Key& value, group_ids& candidates) {
    const auto found = groups_by_value.find(value);
    if (found != groups_by_value.end()) {
        candidates.insert(candidates.end(), found->second.begin(), found->second.end());
    }
}

}  // namespace

void property_index::bounds::add(const filter_value& operand, group_id group) {
    if (operand.number) {
        numbers.push_back({*operand.number, group});
        number_texts.push_back({operand.text, group});
    } else {
        texts.push_back({operand.text, group});
    }
}

void property_index::bounds::seal() {
    sort_by_key(numbers);
    sort_by_key(number_texts);
    sort_by_key(texts);
}

void property_index::file(const predicate& condition, group_id group) {
    const filter_value operand = condition.operand();
    switch (condition.operation()) {
    case filter_operator::equal:
        if (operand.number) {
            equal_numbers_[*operand.number].push_back(group);
        } else {
            equal_texts_[operand.text].push_back(group);
        }
        return;
    case filter_operator::greater:
    case filter_operator::greater_or_equal: lower_.add(operand, group); return;
    case filter_operator::less:
    case filter_operator::less_or_equal: upper_.add(operand, group); return;
    case filter_operator::not_equal:
    case filter_operator::exists:
    case filter_operator::bitwise_and: present_.push_back(group); return;
    }
}

void property_index::seal() {
    lower_.seal();
    upper_.seal();
    present_.shrink_to_fit();
}

void property_index::append_candidates(const filter_value& value, std::vector<group_id>& candidates) const {
    if (value.number) {
        append_equal(equal_numbers_, *value.number, candidates);
        append_lower(lower_.numbers, *value.number, candidates);
        append_upper(upper_.numbers, *value.number, candidates);
    } else {
        append_equal(equal_texts_, value.text, candidates);
        append_lower(lower_.number_texts, value.text, candidates);
        append_upper(upper_.number_texts, value.text, candidates);
    }
    append_lower(lower_.texts, value.text, candidates);
    append_upper(upper_.texts, value.text, candidates);
    candidates.insert(candidates.end(), present_.begin(), present_.end());
}

}  // namespace hawser::engine
