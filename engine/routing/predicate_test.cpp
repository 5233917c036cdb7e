#include "routing/predicate.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <vector>

using namespace hawser::engine;

namespace {

bool holds(const std::string& value, const std::string& comparison, const std::string& operand) {
    return predicate({"T.P", comparison, operand}).holds(read_filter_value(value, property_type::string));
}

// A property of a type against a value as it is written: the six comparisons, in a row.
std::string holding(property_type type, const std::string& value, property_type written, const std::string& operand) {
    std::string all;
    for (const char* comparison : {"==", "!=", "<", "<=", ">", ">="}) {
        if (predicate({"T.P", comparison, operand, written}).holds(read_filter_value(value, type))) {
            all += all.empty() ? comparison : std::string(" ") + comparison;
        }
    }
    return all;
}

constexpr const char* less = "!= < <=";
constexpr const char* equal = "== <= >=";
constexpr const char* greater = "!= > >=";
constexpr const char* incomparable = "!=";

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

TEST_CASE("an int compares as a number, and with nothing that is none") {
    constexpr property_type integer = property_type::integer;
    constexpr property_type string = property_type::string;
    CHECK(holding(integer, "007", integer, "7") == equal);
    CHECK(holding(integer, "7", string, "007") == equal);
    CHECK(holding(integer, "-0", integer, "0") == equal);
    CHECK(holding(integer, "9", string, "10") == less);
    CHECK(holding(integer, "11", integer, "10") == greater);
    CHECK(holding(integer, "10", string, "9x") == incomparable);
    CHECK(holding(integer, "1", property_type::boolean, "true") == incomparable);
}

TEST_CASE("a string equals the same string, or reads as the number that it is compared with") {
    constexpr property_type integer = property_type::integer;
    constexpr property_type string = property_type::string;
    CHECK(holding(string, "7", string, "7") == equal);
    CHECK(holding(string, "007", string, "7") == "!= <= >=");  // another text, and no other number
    CHECK(holding(string, "007", integer, "7") == equal);
    CHECK(holding(string, "1001", integer, "999") == greater);
    CHECK(holding(string, "9x", integer, "10") == incomparable);
    CHECK(holding(string, "true", property_type::boolean, "true") == equal);
    CHECK(holding(string, "2026-01-01T01:00:00+01:00", string, "2026-01-01T00:00:00Z") == greater);  // as texts
}

TEST_CASE("a dateTime compares as an instant, and with nothing that is none") {
    constexpr property_type date_time = property_type::date_time;
    constexpr property_type string = property_type::string;
    CHECK(holding(date_time, "2026-01-01T01:00:00+02:00", string, "2026-01-01T00:00:00Z") == less);
    CHECK(holding(date_time, "2026-01-01T02:00:00+02:00", string, "2026-01-01T00:00:00Z") == equal);
    CHECK(holding(date_time, "2026-01-01T00:00:00.50Z", string, "2026-01-01T00:00:00.5Z") == equal);
    CHECK(holding(date_time, "2026-01-01T00:00:00.25Z", string, "2026-01-01T00:00:00Z") == greater);
    CHECK(holding(date_time, "2026-01-01T00:00:00Z", string, "2026-01-01") == incomparable);
    CHECK(holding(date_time, "2026-01-01T00:00:00Z", property_type::integer, "2026") == incomparable);
    CHECK(holding(date_time, "2026-02-30T00:00:00Z", string, "2026-02-30T00:00:00Z") == incomparable);  // there is none
}

TEST_CASE("a bool is true or false") {
    constexpr property_type boolean = property_type::boolean;
    CHECK(holding(boolean, "true", boolean, "true") == equal);
    CHECK(holding(boolean, "false", property_type::string, "false") == equal);
    CHECK(holding(boolean, "true", boolean, "false") == greater);
    CHECK(holding(boolean, "true", property_type::integer, "1") == incomparable);
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
    const auto read = [](std::string_view text) { return read_filter_value(text, property_type::string); };
    CHECK(read("-42").form == value_form::integer);
    CHECK(read("-42").number == -42);
    CHECK(read("007").number == 7);
    for (const std::string text : {"", "-", "+7", " 7", "7 ", "7.0", "1e3", "0x7", "9223372036854775808"}) {
        CAPTURE(text);
        CHECK(read(text).text == text);
        CHECK(read(text).form == value_form::text);
    }
    CHECK(read(std::string_view("7\0", 2)).form == value_form::text);
    CHECK(read("2026-01-01T00:00:00Z").form == value_form::instant);
}

TEST_CASE("an operator that there is not is refused") {
    for (const std::string text : {"", "=", "<>", "Exists", "&&", "===", "like"}) {
        CAPTURE(text);
        CHECK_THROWS_AS(read_filter_operator(text), std::invalid_argument);
    }
}
