#include "routing/subscriptions.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace hawser::engine {
namespace {

std::optional<std::int64_t> integer_of(const std::string& text) {
    std::int64_t value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    return failure == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

// Numbers compare as numbers, everything else as text.
int compare(const std::string& left, const std::string& right) {
    const auto a = integer_of(left);
    const auto b = integer_of(right);
    if (a && b) {
        return *a < *b ? -1 : *a > *b ? 1 : 0;
    }
    return left.compare(right);
}

bool holds(const filter_condition& condition, const message_context& context) {
    const context_property* property = context.find(condition.property);
    if (property == nullptr || !property->is_promoted) {
        return false;  // BizTalk: a predicate over an absent property is false, whatever its operator
    }
    if (condition.comparison == "exists") {
        return true;
    }
    if (condition.comparison == "&") {
        const auto value = integer_of(property->value);
        const auto mask = integer_of(condition.value);
        return value && mask && (*value & *mask) != 0;
    }
    const int order = compare(property->value, condition.value);
    if (condition.comparison == "==") {
        return order == 0;
    }
    if (condition.comparison == "!=") {
        return order != 0;
    }
    if (condition.comparison == "<") {
        return order < 0;
    }
    if (condition.comparison == "<=") {
        return order <= 0;
    }
    return condition.comparison == ">" ? order > 0 : order >= 0;
}

}  // namespace

bool matches(const filter_groups& filter, const message_context& context) {
    return std::any_of(filter.begin(), filter.end(), [&](const auto& group) {
        return std::all_of(group.begin(), group.end(),
                           [&](const filter_condition& one) { return holds(one, context); });
    });
}

std::vector<std::string> subscriptions::match(const message_context& context) const {
    std::vector<std::string> ports;
    std::set<std::string> seen;
    for (const subscription& one : all_) {
        if (!matches(one.filter, context)) {
            continue;
        }
        for (const std::string& port : one.ports) {
            if (seen.insert(port).second) {
                ports.push_back(port);
            }
        }
    }
    return ports;
}

}  // namespace hawser::engine
