#include "address_order.hpp"

#include <doctest/doctest.h>

#include <string>

using hawser::smtp::by_turns;

TEST_CASE("IPv6 and IPv4 are tried by turns, beginning with what the resolver prefers (RFC 8305)") {
    const auto order = [](const std::vector<std::string>& found) {
        std::string joined;
        for (const std::string& one : by_turns(found, [](const std::string& address) { return address[0]; })) {
            joined += one + ' ';
        }
        return joined;
    };
    CHECK(order({"6a", "6b", "6c", "4a"}) == "6a 4a 6b 6c ");
    CHECK(order({"4a", "6a", "4b", "6b"}) == "4a 6a 4b 6b ");
    CHECK(order({"4a"}) == "4a ");
    CHECK(order({}).empty());
}
