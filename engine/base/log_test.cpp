#include "base/log.hpp"

#include <doctest/doctest.h>

#include "base/clock.hpp"

using namespace hawser::engine;

TEST_CASE("text from outside is shown without control characters and capped") {
    CHECK(printable("550 no\r\nSubject: x") == "550 no\\x0d\\x0aSubject: x");
    CHECK(printable("aaaaaaaaaa", 4) == "aaaa...");
}

TEST_CASE("identifiers are version 4 UUIDs and differ") {
    const std::string one = make_uuid();
    CHECK(one.size() == 36);
    CHECK(one[14] == '4');
    CHECK(std::string("89ab").find(one[19]) != std::string::npos);
    CHECK(one != make_uuid());
}
