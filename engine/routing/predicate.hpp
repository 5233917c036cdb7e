// One condition of a filter, made ready to be tested many times, and the value it is tested on. The meaning of every
// operator is here and nowhere else (spec section 4). Plain values: thread-safe while nobody changes them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "message/filter.hpp"

namespace hawser::engine {

enum class filter_operator : std::uint8_t {
    equal = 1,
    not_equal,
    less,
    less_or_equal,
    greater,
    greater_or_equal,
    exists,
    bitwise_and
};

// Reads "==", "!=", "<", "<=", ">", ">=", "exists" or "&". Throws std::invalid_argument for anything else: the
// bindings' reader lets nothing else through.
filter_operator read_filter_operator(std::string_view text);

// What all of a text reads as: a decimal 64-bit integer ("7", "007", "-1"), a date and time, or neither.
enum class value_form : std::uint8_t { text = 1, integer, instant };

// A value as routing sees it. Borrows the text.
struct filter_value {
    std::string_view text;
    value_form form = value_form::text;
    property_type type = property_type::string;  // of the property; of a condition's value, as it is written
    std::int64_t number = 0;                     // the integer, or the instant
};

filter_value read_filter_value(std::string_view text, property_type type) noexcept;

class predicate {
public:
    explicit predicate(const filter_condition& condition);

    filter_operator operation() const noexcept { return operation_; }
    // What the condition compares with; empty for exists. Valid as long as this predicate stays where it is.
    filter_value operand() const noexcept { return {text_, form_, written_, number_}; }
    // For the value of a promoted property; one that is absent or not promoted fulfils no condition. The property's
    // type decides how the two compare (docs/bindings.md): integers as numbers, dateTimes as instants, and what is of
    // no such kind on the other side is neither equal, less nor greater. A string equals the same string, or, where the
    // condition has a number, one that reads as that number; two that read as integers are in the order of the numbers,
    // others byte by byte.
    bool holds(const filter_value& value) const noexcept;

private:
    filter_operator operation_;
    property_type written_;
    value_form form_;
    std::string text_;
    std::int64_t number_;
};

}  // namespace hawser::engine
