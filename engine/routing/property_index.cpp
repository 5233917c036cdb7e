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
    switch (operand.form) {
    case value_form::integer:
        numbers.push_back({operand.number, group});
        number_texts.push_back({operand.text, group});
        return;
    case value_form::instant: instants.push_back({operand.number, group}); [[fallthrough]];
    case value_form::text: texts.push_back({operand.text, group}); return;
    }
}

void property_index::bounds::seal() {
    sort_by_key(numbers);
    sort_by_key(number_texts);
    sort_by_key(instants);
    sort_by_key(texts);
}

property_index::same_value& property_index::filed_with(const filter_value& operand) {
    switch (operand.form) {
    case value_form::integer: return equal_numbers_[operand.number];
    case value_form::instant: return equal_instants_[operand.number];
    case value_form::text: break;
    }
    return equal_texts_[operand.text];
}

const property_index::same_value* property_index::found_with(const filter_value& value) const {
    const auto at = [](const auto& all, const auto& key) {
        const auto found = all.find(key);
        return found == all.end() ? nullptr : &found->second;
    };
    switch (value.form) {
    case value_form::integer: return at(equal_numbers_, value.number);
    case value_form::instant: return at(equal_instants_, value.number);
    case value_form::text: break;
    }
    return at(equal_texts_, value.text);
}

void property_index::file(const predicate& test, const open_group& rest) {
    const filter_value operand = test.operand();
    switch (test.operation()) {
    case filter_operator::equal: filed_with(operand).groups.push_back(rest); return;
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
    for (auto& [value, one] : equal_instants_) {
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
    if (const same_value* same = found_with(value)) {
        append_same(*same, all, candidates);
    }
    candidates.insert(candidates.end(), present_.begin(), present_.end());
    if (value.type == property_type::date_time) {
        if (value.form == value_form::instant) {
            append_lower(lower_.instants, value.number, candidates);
            append_upper(upper_.instants, value.number, candidates);
        }
        return;
    }
    if (value.form == value_form::integer) {
        append_lower(lower_.numbers, value.number, candidates);
        append_upper(upper_.numbers, value.number, candidates);
    } else {
        append_lower(lower_.number_texts, value.text, candidates);
        append_upper(upper_.number_texts, value.text, candidates);
    }
    if (value.type != property_type::integer) {
        append_lower(lower_.texts, value.text, candidates);
        append_upper(upper_.texts, value.text, candidates);
    }
}

}  // namespace hawser::engine
