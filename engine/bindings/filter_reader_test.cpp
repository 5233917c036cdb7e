#include <doctest/doctest.h>

#include "bindings/bindings_test_support.hpp"

using namespace hawser::engine;
using namespace hawser::engine::bindings_test;

namespace {

const std::string before = R"({"host": {}, "sendPorts": [{"name": "A", "filter": {"anyOf": [{"allOf": [)";

loaded with_condition(const folder& f, const std::string& condition) {
    return load(f.write("b.json", before + condition + R"(]}]}, "primaryTransport": {"type": "MAIL", "address":
        "mailto:x@y", "properties": {"From": "a@b"}}}]})"));
}

// The one error that a value makes, at its own place.
bool refuses(const folder& f, const std::string& comparison, const std::string& value, const std::string& piece) {
    const std::string start = R"(["T.P", ")" + comparison + "\", ";
    const loaded got = with_condition(f, start + value + "]");
    const std::string column = std::to_string(before.size() + start.size() + 1);
    return got.lines(f.path).size() == 1 &&
           got.has(f.path, "b.json:1:" + column + ": error: /sendPorts/0/filter/anyOf/0/allOf/0/2: ", piece);
}

}  // namespace

TEST_CASE("a condition's value keeps how it is written") {
    const folder f;
    const auto read = [&](const std::string& value) {
        const loaded got = with_condition(f, "[\"T.P\", \"==\", " + value + "]");
        CHECK(got.lines(f.path).empty());
        return got.bindings.send_ports.at(0).filter->at(0).at(0);
    };
    CHECK(read("\"7\"").written == property_type::string);
    CHECK(read("7").written == property_type::integer);
    CHECK(read("-9223372036854775808").value == "-9223372036854775808");
    CHECK(read("true").written == property_type::boolean);
    CHECK(read("false").value == "false");
    CHECK(read("\"\"").value.empty());
    CHECK(with_condition(f, R"(["T.P", "&", 4])").lines(f.path).empty());
    CHECK(with_condition(f, R"(["T.P", "&", "4"])").lines(f.path).empty());
    CHECK(with_condition(f, R"(["T.P", "exists"])").lines(f.path).empty());
}

TEST_CASE("a condition's value that no property can have is an error at its place") {
    const folder f;
    for (const std::string comparison : {"==", "<=", "&"}) {
        CHECK(refuses(f, comparison, "{}", "not with an object"));
        CHECK(refuses(f, comparison, "[1]", "not with a list"));
        CHECK(refuses(f, comparison, "null", "not with null"));
        CHECK(refuses(f, comparison, "10.5", "10.5 is no whole number of 64 bits (an int property"));
        CHECK(refuses(f, comparison, "1e1", "1e1 is no whole number"));
        CHECK(refuses(f, comparison, "9223372036854775808", "is no whole number of 64 bits"));
    }
}

TEST_CASE("bits are compared with a whole number only") {
    const folder f;
    for (const std::string value : {R"("abc")", "true", R"("")", R"("4 ")"}) {
        CAPTURE(value);
        CHECK(refuses(f, "&", value, "needs a whole number"));
    }
}
