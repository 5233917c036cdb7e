#include "routing/predicate.hpp"

#include <charconv>
#include <stdexcept>

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

filter_value read_filter_value(std::string_view text) noexcept {
    std::int64_t number = 0;
    const char* const last = text.data() + text.size();
    const auto [end, failure] = std::from_chars(text.data(), last, number);
    if (failure == std::errc{} && end == last) {
        return {text, number};
    }
    return {text, std::nullopt};
}

int compare(const filter_value& left, const filter_value& right) noexcept {
    if (left.number && right.number) {
        return *left.number < *right.number ? -1 : *left.number > *right.number ? 1 : 0;
    }
    return left.text.compare(right.text);
}

predicate::predicate(const filter_condition& condition)
    : operation_(read_filter_operator(condition.comparison)),
      text_(condition.value),
      number_(read_filter_value(text_).number) {}

bool predicate::holds(const filter_value& value) const noexcept {
    switch (operation_) {
    case filter_operator::equal: return compare(value, operand()) == 0;
    case filter_operator::not_equal: return compare(value, operand()) != 0;
    case filter_operator::less: return compare(value, operand()) < 0;
    case filter_operator::less_or_equal: return compare(value, operand()) <= 0;
    case filter_operator::greater: return compare(value, operand()) > 0;
    case filter_operator::greater_or_equal: return compare(value, operand()) >= 0;
    case filter_operator::exists: return true;
    case filter_operator::bitwise_and: return value.number && number_ && (*value.number & *number_) != 0;
    }
    return false;
}

}  // namespace hawser::engine
