#include "routing/property_index.hpp"

#include <algorithm>
#include <iterator>

#include "routing/group_index.hpp"

namespace hawser::engine {
namespace {

// Testing so few groups takes less than looking for the right ones among them.
constexpr std::size_t same_value_groups_max = 16;
// A bound on the work and the stack that making an index takes, whatever the filters are.
constexpr int index_depth_max = 4;

template <typename Bounds>
void sort_by_key(Bounds& all) {
    std::sort(all.begin(), all.end(), [](const auto& left, const auto& right) { return left.key < right.key; });
    all.shrink_to_fit();
}

template <typename Iterator>
void append_groups(Iterator from, Iterator to, std::vector<group_id>& candidates) {
    std::transform(from, to, std::back_inserter(candidates), [](const auto& one) { return one.group; });
}

// The bounds that are at most the value, or at least: which of > and >= holds at the bound itself is for the predicate.
template <typename Bounds, typename Key>
void append_lower(const Bounds& all, const Key& value, std::vector<group_id>& candidates) {
    const auto end = std::upper_bound(all.begin(), all.end(), value,
                                      [](const Key& left, const auto& right) { return left < right.key; });
    append_groups(all.begin(), end, candidates);
}

template <typename Bounds, typename Key>
void append_upper(const Bounds& all, const Key& value, std::vector<group_id>& candidates) {
    const auto begin = std::lower_bound(all.begin(), all.end(), value,
                                        [](const auto& left, const Key& right) { return left.key < right; });
    append_groups(begin, all.end(), candidates);
}

}  // namespace

property_index::property_index() = default;
property_index::property_index(property_index&&) noexcept = default;
property_index& property_index::operator=(property_index&&) noexcept = default;
property_index::~property_index() = default;

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

void property_index::file(const predicate& test, const open_group& rest) {
    const filter_value operand = test.operand();
    switch (test.operation()) {
    case filter_operator::equal:
        (operand.number ? equal_numbers_[*operand.number] : equal_texts_[operand.text]).groups.push_back(rest);
        return;
    case filter_operator::greater:
    case filter_operator::greater_or_equal: lower_.add(operand, rest.group); return;
    case filter_operator::less:
    case filter_operator::less_or_equal: upper_.add(operand, rest.group); return;
    case filter_operator::not_equal:
    case filter_operator::exists:
    case filter_operator::bitwise_and: present_.push_back(rest.group); return;
    }
}

void property_index::seal(int depth) {
    lower_.seal();
    upper_.seal();
    present_.shrink_to_fit();
    for (auto& [value, one] : equal_numbers_) {
        narrow(one, depth);
    }
    for (auto& [value, one] : equal_texts_) {
        narrow(one, depth);
    }
}

void property_index::narrow(same_value& one, int depth) {
    if (one.groups.size() > same_value_groups_max && depth < index_depth_max) {
        one.narrower = std::make_unique<group_index>(one.groups, depth + 1);
        one.groups = {};
    }
}

void property_index::append_same(const same_value& one, std::span<const promoted_value> all,
                                 std::vector<group_id>& candidates) {
    append_groups(one.groups.begin(), one.groups.end(), candidates);
    if (one.narrower) {
        one.narrower->append_candidates(all, candidates);
    }
}

void property_index::append_candidates(const filter_value& value, std::span<const promoted_value> all,
                                       std::vector<group_id>& candidates) const {
    if (value.number) {
        if (const auto found = equal_numbers_.find(*value.number); found != equal_numbers_.end()) {
            append_same(found->second, all, candidates);
        }
        append_lower(lower_.numbers, *value.number, candidates);
        append_upper(upper_.numbers, *value.number, candidates);
    } else {
        if (const auto found = equal_texts_.find(value.text); found != equal_texts_.end()) {
            append_same(found->second, all, candidates);
        }
        append_lower(lower_.number_texts, value.text, candidates);
        append_upper(upper_.number_texts, value.text, candidates);
    }
    append_lower(lower_.texts, value.text, candidates);
    append_upper(upper_.texts, value.text, candidates);
    candidates.insert(candidates.end(), present_.begin(), present_.end());
}

}  // namespace hawser::engine
