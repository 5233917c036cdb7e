#include "base/uuid.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

using namespace hawser::engine;

TEST_CASE("identifiers are UUIDs of version 7 and of RFC 9562's variant") {
    const std::string one = make_uuid();
    REQUIRE(one.size() == 36);
    CHECK(one.find_first_not_of("0123456789abcdef-") == std::string::npos);
    CHECK((one[8] == '-' && one[13] == '-' && one[18] == '-' && one[23] == '-'));
    CHECK(one[14] == '7');
    CHECK(std::string("89ab").find(one[19]) != std::string::npos);
}

TEST_CASE("an identifier begins with the time in milliseconds") {
    const auto unix_ms = [] {
        const auto now = std::chrono::system_clock::now().time_since_epoch();
        return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
    };
    const auto before = unix_ms();
    const std::string one = make_uuid();
    const auto after = unix_ms();
    const auto time = std::stoll(one.substr(0, 8) + one.substr(9, 4), nullptr, 16);
    CHECK(time >= before);
    CHECK(time <= after);
}

TEST_CASE("identifiers of a thread differ and stand in the order in which they were made") {
    std::vector<std::string> made(10'000);
    std::generate(made.begin(), made.end(), make_uuid);
    CHECK(std::adjacent_find(made.begin(), made.end(), std::greater_equal<>()) == made.end());
}

TEST_CASE("identifiers of several threads differ") {
    std::vector<std::string> made(20'000);
    const auto half = made.begin() + 10'000;
    std::thread other([&] { std::generate(made.begin(), half, make_uuid); });
    std::generate(half, made.end(), make_uuid);
    other.join();
    std::sort(made.begin(), made.end());
    CHECK(std::adjacent_find(made.begin(), made.end()) == made.end());
}
