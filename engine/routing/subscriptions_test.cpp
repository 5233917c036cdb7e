#include "routing/subscriptions.hpp"

#include <doctest/doctest.h>

using namespace hawser::engine;

namespace {

message_context context_with(const std::string& value, bool is_promoted = true) {
    message_context context;
    REQUIRE(context.set("T.P", {.value = value, .is_promoted = is_promoted}));
    return context;
}

bool holds(const std::string& value, const std::string& comparison, const std::string& wanted) {
    return matches({{{"T.P", comparison, wanted}}}, context_with(value));
}

}  // namespace

TEST_CASE("every operator of a filter") {
    CHECK(holds("a", "==", "a"));
    CHECK_FALSE(holds("a", "==", "b"));
    CHECK(holds("a", "!=", "b"));
    CHECK(holds("9", "<", "10"));
    CHECK(holds("10", "<=", "10"));
    CHECK(holds("10", ">", "9"));
    CHECK(holds("b", ">=", "a"));
    CHECK(holds("6", "&", "2"));
    CHECK_FALSE(holds("6", "&", "1"));
    CHECK(holds("", "exists", ""));
}

TEST_CASE("only promoted properties route, and an absent one matches nothing") {
    CHECK_FALSE(matches({{{"T.P", "==", "a"}}}, context_with("a", false)));
    CHECK_FALSE(matches({{{"T.Q", "!=", "a"}}}, context_with("a")));
}

TEST_CASE("all conditions of a group, any group of a filter, each port once") {
    const filter_groups filter{{{"T.P", "==", "a"}, {"T.Q", "exists", ""}}, {{"T.P", "==", "b"}}};
    CHECK_FALSE(matches(filter, context_with("a")));
    CHECK(matches(filter, context_with("b")));
    const subscriptions all({{{"One"}, filter}, {{"Two", "One"}, filter}, {{"Three"}, {}}});
    CHECK(all.match(context_with("b")) == std::vector<std::string>{"One", "Two"});
}
