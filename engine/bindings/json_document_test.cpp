#include "bindings/json_document.hpp"

#include <doctest/doctest.h>

using namespace hawser::engine;

namespace {

std::string error_of(const std::string& text) {
    json_value value;
    diagnostics problems;
    return parse_json(text, "f", value, problems) ? "" : to_string(problems.list().at(0));
}

}  // namespace

TEST_CASE("values and keys know their line and column, also behind comments and characters of several bytes") {
    json_value value;
    diagnostics problems;
    REQUIRE(parse_json("// a comment\n{ /* é */ \"é\": [1,\n  true] }", "f", value, problems));
    CHECK(value.position.line == 2);
    CHECK(value.position.column == 1);
    CHECK(value.members.at(0).key_position.column == 11);
    CHECK(value.members[0].value.position.column == 16);
    CHECK(value.members[0].value.elements.at(1).position.line == 3);
    CHECK(value.members[0].value.elements[1].position.column == 3);
}

TEST_CASE("strings are decoded as RFC 8259 says") {
    json_value value;
    diagnostics problems;
    REQUIRE(parse_json(R"("\u00e9\ud83d\ude00\n\/")", "f", value, problems));
    CHECK(value.text == "\xc3\xa9\xf0\x9f\x98\x80\n/");
}

TEST_CASE("what is no JSON is refused where it stands") {
    CHECK(error_of("{\"a\": 1,}").find("f:1:9: error") == 0);
    CHECK(error_of("{\"a\": 1 \"b\": 2}").find("f:1:9: error") == 0);
    CHECK(error_of("{\"a\": 1, \"a\": 2}").find("twice") != std::string::npos);
    CHECK(error_of("[01]").find("f:1:2: error") == 0);
    CHECK(error_of("\"a\nb\"").find("closing quote") != std::string::npos);
    CHECK(error_of("\"\\ud800\"").find("surrogate") != std::string::npos);
    CHECK(error_of("\"\xc0\xaf\"").find("UTF-8") != std::string::npos);
    CHECK(error_of("[1] 2").find("f:1:5: error") == 0);
    CHECK_FALSE(error_of("/* open").empty());
    CHECK_FALSE(error_of(std::string(200, '[')).empty());
}

TEST_CASE("a document that ends anywhere too early is refused") {
    const std::string whole = R"({"a": [1, -2.5e3, true, null, "x\u0041"], /* c */ "b": {"c": "d"}})";
    CHECK(error_of(whole).empty());
    for (std::size_t size = 0; size < whole.size(); ++size) {
        CHECK_FALSE(error_of(whole.substr(0, size)).empty());
    }
}
