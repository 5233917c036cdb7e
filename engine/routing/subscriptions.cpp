#include "routing/subscriptions.hpp"

#include <algorithm>
#include <unordered_set>

namespace hawser::engine {
namespace {

template <typename Visit>
void for_each_condition(const std::vector<subscription>& all, Visit visit) {
    for (const subscription& one : all) {
        for (const auto& group : one.filter) {
            for (const filter_condition& condition : group) {
                visit(condition);
            }
        }
    }
}

bool holds_in(const message_context& context, const filter_condition& condition) {
    const predicate test(condition);
    const context_property* property = context.find(condition.property);
    return property != nullptr && property->is_promoted &&
           test.holds(read_filter_value(property->value, property->type));
}

}  // namespace

bool matches(const filter_groups& filter, const message_context& context) {
    return std::any_of(filter.begin(), filter.end(), [&](const auto& group) {
        return std::all_of(group.begin(), group.end(),
                           [&](const filter_condition& one) { return holds_in(context, one); });
    });
}

subscriptions::subscriptions(const std::vector<subscription>& all) {
    read_ports(all);
    read_property_names(all);
    read_conditions(all);
    file_groups();
}

void subscriptions::read_ports(const std::vector<subscription>& all) {
    std::unordered_map<std::string_view, std::uint32_t> ids;
    std::vector<std::uint32_t> uses;
    for (const subscription& one : all) {
        first_slot_.push_back(static_cast<std::uint32_t>(slots_.size()));
        for (const std::string& port : one.ports) {
            const auto [found, is_new] = ids.emplace(port, static_cast<std::uint32_t>(port_names_.size()));
            if (is_new) {
                port_names_.push_back(port);
                uses.push_back(0);
            }
            ++uses[found->second];
            slots_.push_back({found->second, false});
        }
    }
    first_slot_.push_back(static_cast<std::uint32_t>(slots_.size()));
    for (port_slot& slot : slots_) {
        slot.is_shared = uses[slot.port] > 1;
    }
}

void subscriptions::read_property_names(const std::vector<subscription>& all) {
    std::unordered_set<std::string_view> names;
    for_each_condition(all, [&](const filter_condition& one) { names.insert(one.property); });
    property_names_.assign(names.begin(), names.end());
    std::sort(property_names_.begin(), property_names_.end());
    property_ids_.reserve(property_names_.size());
    for (const std::string& name : property_names_) {
        property_ids_.emplace(name, static_cast<property_id>(property_ids_.size()));
    }
}

void subscriptions::read_conditions(const std::vector<subscription>& all) {
    std::size_t count = 0;
    for_each_condition(all, [&](const filter_condition&) { ++count; });
    conditions_.reserve(count);
    for (std::size_t i = 0; i < all.size(); ++i) {
        for (const auto& conditions : all[i].filter) {
            const auto begin = static_cast<std::uint32_t>(conditions_.size());
            for (const filter_condition& one : conditions) {
                conditions_.push_back({property_ids_.at(one.property), predicate(one)});
            }
            groups_.push_back({begin, static_cast<std::uint32_t>(conditions_.size()), static_cast<std::uint32_t>(i)});
        }
    }
}

void subscriptions::file_groups() {
    std::vector<open_group> open;
    open.reserve(groups_.size());
    for (const group& one : groups_) {
        open.push_back(
            {static_cast<group_id>(open.size()), std::span(conditions_).subspan(one.begin, one.end - one.begin)});
    }
    index_ = group_index(open);
}

std::vector<promoted_value> subscriptions::promoted_values(const message_context& context) const {
    std::vector<promoted_value> values;
    context.for_each([&](const message_context::map_type::value_type& entry) {
        const auto& [name, property] = entry;
        const auto known = property.is_promoted ? property_ids_.find(name) : property_ids_.end();
        if (known != property_ids_.end()) {
            values.push_back({known->second, read_filter_value(property.value, property.type)});
        }
    });
    return values;  // by ascending id, as the context is in the order of the names
}

bool subscriptions::holds(const group& one, std::span<const promoted_value> values) const {
    return std::all_of(conditions_.begin() + one.begin, conditions_.begin() + one.end, [&](const condition& tested) {
        const auto found = std::lower_bound(
            values.begin(), values.end(), tested.property,
            [](const promoted_value& value, property_id property) { return value.property < property; });
        return found != values.end() && found->property == tested.property && tested.test.holds(found->value);
    });
}

std::vector<std::string> subscriptions::match(const message_context& context) const {
    const std::vector<promoted_value> values = promoted_values(context);
    std::vector<std::uint32_t> found;  // first groups, then the subscriptions that they are of
    index_.append_candidates(values, found);
    std::erase_if(found, [&](std::uint32_t id) { return !holds(groups_[id], values); });
    std::transform(found.begin(), found.end(), found.begin(),
                   [this](std::uint32_t id) { return groups_[id].subscription; });
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return ports_of(found);
}

std::vector<std::string> subscriptions::ports_of(const std::vector<std::uint32_t>& matched) const {
    std::vector<std::string> ports;
    std::unordered_set<std::uint32_t> seen;
    for (const std::uint32_t one : matched) {
        for (std::uint32_t i = first_slot_[one]; i < first_slot_[one + 1]; ++i) {
            const port_slot& slot = slots_[i];
            if (!slot.is_shared || seen.insert(slot.port).second) {
                ports.push_back(port_names_[slot.port]);
            }
        }
    }
    return ports;
}

}  // namespace hawser::engine
