#include "base/diagnostics.hpp"

#include <doctest/doctest.h>

using namespace hawser::engine;

TEST_CASE("a diagnostic names file, line, column, pointer, text and hint") {
    const diagnostic one{
        severity::error, {"ports.json", 3, 14}, "/sendPorts/0/retry", "unknown key", "did you mean \"retryCount\"?"};
    CHECK(to_string(one) == "ports.json:3:14: error: /sendPorts/0/retry: unknown key (did you mean \"retryCount\"?)");
}

TEST_CASE("only errors make diagnostics fail") {
    diagnostics list;
    list.warning({"a.json", 1, 1}, "", "inline secret");
    CHECK_FALSE(list.has_errors());
    list.error({"a.json", 1, 1}, "", "no such port");
    CHECK(list.has_errors());
}

TEST_CASE("the nearest name is found, and nothing where none is near") {
    CHECK(nearest_name("retrycont", {"retryCount", "retryInterval", "name"}) == "retryCount");
    CHECK(nearest_name("zebra", {"retryCount", "retryInterval", "name"}).empty());
}
