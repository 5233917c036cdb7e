#include "routing/predicate.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <vector>

using namespace hawser::engine;

namespace {

bool holds(const std::string& value, const std::string& comparison, const std::string& operand) {
    return predicate({"T.P", comparison, operand}).holds(read_filter_value(value));
}

struct ordering_case {
    std::string value;
    std::string operand;
    int order;  // of the value to the operand: -1, 0, 1
};

}  // namespace

// Expected: spec section 4 and BizTalk's Filter page: the six comparisons are those of the property's type.
TEST_CASE("the six comparisons agree with each other, for numbers and for text") {
    const std::vector<ordering_case> cases{
        {"7", "7", 0},
        {"07", "7", 0},  // one number, written in two ways
        {"-0", "0", 0},
        {"9", "10", -1},  // as text it would be the other way round
        {"-10", "-9", -1},
        {"-1", "0", -1},
        {"9223372036854775807", "9223372036854775806", 1},
        {"-9223372036854775808", "9223372036854775807", -1},
        {"Invoices", "Invoices", 0},
        {"Invoices", "invoices", -1},  // byte by byte: 'I' is before 'i'
        {"a", "b", -1},
        {"", "a", -1},
        {"", "", 0},
        {"ab", "a", 1},
        {"10", "9x", -1},  // one of them is no number, so both are text
        {"9x", "10", 1},
        {"7 ", "7", 1},
        {"true", "false", 1},
        {"9223372036854775808", "9", 1},  // beyond 64 bits: text, and longer
        {"2026-11-24T10:00:00Z", "2026-11-24T09:59:59Z", 1},
        {"\xC3\xA9", "z", 1},  // bytes are unsigned
    };
    for (const ordering_case& one : cases) {
        CAPTURE(one.value);
        CAPTURE(one.operand);
        CHECK(holds(one.value, "==", one.operand) == (one.order == 0));
        CHECK(holds(one.value, "!=", one.operand) == (one.order != 0));
        CHECK(holds(one.value, "<", one.operand) == (one.order < 0));
        CHECK(holds(one.value, "<=", one.operand) == (one.order <= 0));
        CHECK(holds(one.value, ">", one.operand) == (one.order > 0));
        CHECK(holds(one.value, ">=", one.operand) == (one.order >= 0));
    }
}

TEST_CASE("exists holds for any value, an empty one too") {
    CHECK(holds("", "exists", ""));
    CHECK(holds("0", "exists", ""));
    CHECK(holds("false", "exists", ""));
}

TEST_CASE("& holds where the numbers have a bit in common") {
    CHECK(holds("6", "&", "2"));
    CHECK(holds("6", "&", "12"));
    CHECK(holds("-1", "&", "1024"));
    CHECK_FALSE(holds("6", "&", "1"));
    CHECK_FALSE(holds("6", "&", "0"));
    CHECK_FALSE(holds("0", "&", "7"));
    CHECK_FALSE(holds("six", "&", "2"));
    CHECK_FALSE(holds("6", "&", "two"));
    CHECK_FALSE(holds("6", "&", ""));
}

TEST_CASE("only a whole decimal integer of 64 bits is a number") {
    CHECK(read_filter_value("-42").number == -42);
    CHECK(read_filter_value("007").number == 7);
    for (const std::string text : {"", "-", "+7", " 7", "7 ", "7.0", "1e3", "0x7", "9223372036854775808"}) {
        CAPTURE(text);
        CHECK(read_filter_value(text).text == text);
        CHECK_FALSE(read_filter_value(text).number);
    }
    CHECK_FALSE(read_filter_value(std::string_view("7\0", 2)).number);
}

TEST_CASE("an operator that there is not is refused") {
    for (const std::string text : {"", "=", "<>", "Exists", "&&", "===", "like"}) {
        CAPTURE(text);
        CHECK_THROWS_AS(read_filter_operator(text), std::invalid_argument);
    }
}
