#include "waiting_line.hpp"

#include <doctest/doctest.h>

using line_type = hawser::smtp::waiting_line<int>;
using std::chrono::seconds;

namespace {

const line_type::time_point start{seconds(1000)};

struct connections {
    explicit connections(int its_max) : max(its_max) {}

    void add(const std::string& port, int count) {
        for (int i = 0; i < count; ++i) {
            line.add(port, next_number++);
        }
    }
    // Gives connections while somebody may have one; answers to which ports ("aab").
    std::string fill(line_type::time_point now) {
        std::string ports;
        while (static_cast<int>(held.size()) < max) {
            std::optional<line_type::turn> taken = line.take(max, now);
            if (!taken) {
                break;
            }
            ports += taken->port;
            held.push_back(std::move(*taken));
        }
        return ports;
    }
    void end_first(const std::string& port, line_type::time_point now) {
        const auto found =
            std::find_if(held.begin(), held.end(), [&](const line_type::turn& one) { return one.port == port; });
        REQUIRE(found != held.end());
        line.end(*found, now);
        held.erase(found);
    }

    int max;
    line_type line;
    std::vector<line_type::turn> held;
    int next_number = 0;
};

}  // namespace

TEST_CASE("a port that hangs leaves an eighth of the connections, at least one, to those that hold none") {
    for (const auto& [max, left] : {std::pair(16, 2), {8, 1}, {4, 1}, {2, 1}, {40, 5}}) {
        CAPTURE(max);
        connections server(max);
        server.add("h", 100);
        CHECK(server.fill(start).size() == static_cast<std::size_t>(max - left));
        server.add("o", 1);
        CHECK(server.fill(start + seconds(300)) == "o");
        CHECK(server.fill(start + seconds(300)).empty());
    }
}

TEST_CASE("a lone port has every connection while its mail does not take long") {
    connections server(16);
    server.add("a", 100);
    CHECK(server.fill(start).size() == 14);
    server.end_first("a", start + seconds(1));
    CHECK(server.fill(start + seconds(1)).size() == 3);
    CHECK(server.held.size() == 16);
    server.end_first("a", start + seconds(2));
    CHECK(server.fill(start + seconds(2)) == "a");
    // From here on all of it hangs: as connections come free, those for the others stay free.
    server.end_first("a", start + seconds(60));
    server.end_first("a", start + seconds(60));
    CHECK(server.fill(start + seconds(60)).empty());
    server.end_first("a", start + seconds(61));
    CHECK(server.fill(start + seconds(61)) == "a");
}

TEST_CASE("that a port's mail did not take long some time ago says nothing of now") {
    connections server(16);
    server.add("a", 1);
    CHECK(server.fill(start) == "a");
    server.end_first("a", start + seconds(1));
    server.add("a", 100);
    CHECK(server.fill(start + seconds(3600)).size() == 14);
}

TEST_CASE("a free connection goes to the port that holds the fewest") {
    connections server(4);
    server.add("s", 100);
    CHECK(server.fill(start) == "sss");
    server.add("f", 100);
    CHECK(server.fill(start + seconds(10)) == "f");
    server.end_first("f", start + seconds(11));
    CHECK(server.fill(start + seconds(11)) == "f");
    server.end_first("s", start + seconds(12));
    CHECK(server.fill(start + seconds(12)) == "f");
    server.end_first("s", start + seconds(12));
    CHECK(server.fill(start + seconds(12)) == "s");  // which gets its share, too, however quick the other one is
    server.add("t", 1);
    server.end_first("f", start + seconds(12));
    CHECK(server.fill(start + seconds(12)) == "t");
}

TEST_CASE("several ports that hang leave the reserve to one that holds none") {
    connections server(16);
    server.add("g", 100);
    CHECK(server.fill(start).size() == 14);
    server.add("h", 100);
    CHECK(server.fill(start) == "h");
    server.add("o", 100);
    CHECK(server.fill(start + seconds(300)) == "o");
}

TEST_CASE("with one connection the ports take turns") {
    connections server(1);
    server.add("a", 4);
    server.add("b", 2);
    server.add("c", 1);
    std::string order;
    for (int i = 0; i < 7; ++i) {
        order += server.fill(start + seconds(20 * i));
        server.end_first(order.substr(order.size() - 1), start + seconds(20 * i + 20));
    }
    CHECK(order == "abcabaa");
}

TEST_CASE("within a port the order is that of arrival, and what is put back comes first") {
    connections server(1);
    server.add("a", 2);
    line_type::turn first = *server.line.take(1, start);
    CHECK(first.item == 0);
    server.line.put_back(std::move(first));
    CHECK(server.line.take(1, start)->item == 0);
}

TEST_CASE("only a message of the same port goes along behind another, and only where it is that port's turn") {
    connections server(1);
    server.add("a", 3);
    line_type::turn current = *server.line.take(1, start);
    std::optional<line_type::turn> along = server.line.take_along(current, 1, start);
    REQUIRE(along.has_value());
    CHECK(along->item == 1);
    server.line.end(current, start);
    server.line.begin(*along, start);
    server.add("b", 1);
    CHECK_FALSE(server.line.take_along(*along, 1, start).has_value());
    server.line.end(*along, start);
    CHECK(server.line.take(1, start)->port == "b");
}

TEST_CASE("what waits can be taken out") {
    connections server(2);
    server.add("a", 3);
    CHECK(server.line.remove([](int number) { return number == 1; }) == 1);
    CHECK_FALSE(server.line.remove([](int number) { return number == 1; }).has_value());
    CHECK(server.line.take(2, start)->item == 0);
}
