// One condition of a filter, made ready to be tested many times, and the value it is tested on. The meaning of every
// operator is here and nowhere else (spec section 4). Plain values: thread-safe while nobody changes them.
#pragma once

#include <cstdint>
#include <optional>
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

// A value as routing sees it: a number where all of its text is a decimal 64-bit integer ("7", "007", "-1"). Borrows
// the text.
struct filter_value {
    std::string_view text;
    std::optional<std::int64_t> number;
};

filter_value read_filter_value(std::string_view text) noexcept;

// < 0, 0 or > 0. Two numbers compare as numbers ("9" < "10", "07" == "7"), everything else byte by byte. That is no
// order over numbers and texts together ("5" < "10" < "4x" < "5"): sort them apart.
int compare(const filter_value& left, const filter_value& right) noexcept;

class predicate {
public:
    explicit predicate(const filter_condition& condition);

    filter_operator operation() const noexcept { return operation_; }
    // What the condition compares with; empty for exists. Valid as long as this predicate stays where it is.
    filter_value operand() const noexcept { return {text_, number_}; }
    // For the value of a promoted property; one that is absent or not promoted fulfils no condition.
    bool holds(const filter_value& value) const noexcept;

private:
    filter_operator operation_;
    std::string text_;
    std::optional<std::int64_t> number_;
};

}  // namespace hawser::engine
