#include "routing/predicate.hpp"

#include <charconv>
#include <optional>
#include <stdexcept>

#include "message/date_time.hpp"

namespace hawser::engine {

filter_operator read_filter_operator(std::string_view text) {
    if (text == "==") {
        return filter_operator::equal;
    }
    if (text == "!=") {
        return filter_operator::not_equal;
    }
    if (text == "<") {
        return filter_operator::less;
    }
    if (text == "<=") {
        return filter_operator::less_or_equal;
    }
    if (text == ">") {
        return filter_operator::greater;
    }
    if (text == ">=") {
        return filter_operator::greater_or_equal;
    }
    if (text == "exists") {
        return filter_operator::exists;
    }
    if (text == "&") {
        return filter_operator::bitwise_and;
    }
    throw std::invalid_argument("\"" + std::string(text) + "\" is no operator of a filter");
}

filter_value read_filter_value(std::string_view text, property_type type) noexcept {
    filter_value value{text, value_form::text, type, 0};
    const char* const last = text.data() + text.size();
    const auto [end, failure] = std::from_chars(text.data(), last, value.number);
    if (failure == std::errc{} && end == last) {
        value.form = value_form::integer;
    } else if (const std::optional<std::int64_t> instant = instant_of(text)) {
        value.form = value_form::instant;
        value.number = *instant;
    }
    return value;
}

namespace {

bool both_are(value_form form, const filter_value& value, const filter_value& operand) {
    return value.form == form && operand.form == form;
}

bool are_equal(const filter_value& value, const filter_value& operand) {
    switch (value.type) {
    case property_type::integer: return both_are(value_form::integer, value, operand) && value.number == operand.number;
    case property_type::date_time:
        return both_are(value_form::instant, value, operand) && value.number == operand.number;
    case property_type::string:
        if (operand.type == property_type::integer) {
            return both_are(value_form::integer, value, operand) && value.number == operand.number;
        }
        return value.text == operand.text;
    case property_type::boolean: return value.text == operand.text;
    }
    return false;
}

int order_of_numbers(const filter_value& value, const filter_value& operand) {
    return value.number < operand.number ? -1 : value.number > operand.number ? 1 : 0;
}

// < 0, 0 or > 0; nothing where they do not compare.
std::optional<int> order(const filter_value& value, const filter_value& operand) {
    if (value.type == property_type::date_time) {
        return both_are(value_form::instant, value, operand) ? std::optional(order_of_numbers(value, operand))
                                                             : std::nullopt;
    }
    if (both_are(value_form::integer, value, operand)) {
        return order_of_numbers(value, operand);
    }
    if (value.type == property_type::integer || operand.type == property_type::integer) {
        return std::nullopt;
    }
    return value.text.compare(operand.text);
}

}  // namespace

predicate::predicate(const filter_condition& condition)
    : operation_(read_filter_operator(condition.comparison)), written_(condition.written), text_(condition.value) {
    const filter_value read = read_filter_value(text_, written_);
    form_ = read.form;
    number_ = read.number;
}

bool predicate::holds(const filter_value& value) const noexcept {
    switch (operation_) {
    case filter_operator::equal: return are_equal(value, operand());
    case filter_operator::not_equal: return !are_equal(value, operand());
    case filter_operator::exists: return true;
    case filter_operator::bitwise_and:
        return both_are(value_form::integer, value, operand()) && (value.number & number_) != 0;
    case filter_operator::less:
    case filter_operator::less_or_equal:
    case filter_operator::greater:
    case filter_operator::greater_or_equal: break;
    }
    const std::optional<int> found = order(value, operand());
    if (!found) {
        return false;
    }
    switch (operation_) {
    case filter_operator::less: return *found < 0;
    case filter_operator::less_or_equal: return *found <= 0;
    case filter_operator::greater: return *found > 0;
    default: return *found >= 0;
    }
}

}  // namespace hawser::engine
