#include "runtime/configuration_difference.hpp"

#include <doctest/doctest.h>

using namespace hawser;
using namespace hawser::engine;

namespace {

binding_texts texts_of(const char* text) {
    json_value root;
    diagnostics problems;
    REQUIRE(parse_json(text, "b.json", root, problems));
    return read_binding_texts(root);
}

}  // namespace

TEST_CASE("what is written in another way, or in another place, has not changed") {
    const binding_texts before = texts_of(R"({"sendPorts":[{"name":"A","priority":5,"filter":null},{"name":"B"}]})");
    const binding_texts after = texts_of(R"({ "sendPorts": [ {"name":"B"}, // moved
        {"filter": null, "priority": 5, "name": "A"} ] })");
    const changed_names found = difference(before.ports, after.ports);
    CHECK(found.added.empty());
    CHECK(found.changed.empty());
    CHECK(found.removed.empty());
}

TEST_CASE("ports and groups that were added, changed and removed are named") {
    const binding_texts before =
        texts_of(R"({"sendPorts":[{"name":"A","on":true},{"name":"B"},{"name":"C","list":[1,"1"]}],)"
                 R"("sendPortGroups":[{"name":"G","ports":["A","B"]}]})");
    const binding_texts after =
        texts_of(R"({"sendPorts":[{"name":"A","on":false},{"name":"C","list":["1",1]},{"name":"D"}],)"
                 R"("sendPortGroups":[{"name":"G","ports":["AB"]}]})");
    const changed_names ports = difference(before.ports, after.ports);
    CHECK(ports.added == std::vector<std::string>{"D"});
    CHECK(ports.changed == std::vector<std::string>{"A", "C"});
    CHECK(ports.removed == std::vector<std::string>{"B"});
    CHECK(difference(before.groups, after.groups).changed == std::vector<std::string>{"G"});
}

TEST_CASE("a port changes with the pipeline that it names, and no other does") {
    const char* const text = R"({"pipelines":{"P":{"encode":[%s]},"Q":{}},)"
                             R"("sendPorts":[{"name":"A","pipeline":"P"},{"name":"B","pipeline":"Q"}]})";
    std::string before(text);
    std::string after(text);
    before.replace(before.find("%s"), 2, R"({"component":"X"})");
    after.replace(after.find("%s"), 2, R"({"component":"Y"})");
    CHECK(difference(texts_of(before.c_str()).ports, texts_of(after.c_str()).ports).changed ==
          std::vector<std::string>{"A"});
}

TEST_CASE("properties are compared by their values, not by where they were written") {
    typed_value value;
    value.text = "x";
    value.position.line = 1;
    typed_properties one{{"Host", value}};
    value.position.line = 2;
    CHECK(has_same_values(one, {{"Host", value}}));
    value.text = "y";
    CHECK_FALSE(has_same_values(one, {{"Host", value}}));
    CHECK_FALSE(has_same_values(one, {}));
    CHECK_FALSE(has_same_values({}, one));
}
