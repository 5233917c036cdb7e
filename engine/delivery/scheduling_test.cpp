// The pure parts that decide who may send when: rates, windows, destinations, ports, and claims that wait.
#include <doctest/doctest.h>

#include "base/time_zone.hpp"
#include "delivery/dispatch_queue.hpp"
#include "delivery/port_schedule.hpp"
#include "delivery/urgency.hpp"

using namespace hawser::engine;

namespace {

constexpr std::int64_t hour_ms = 3600 * 1000;

std::int64_t berlin(unsigned month, unsigned day, unsigned hour, unsigned minute = 0) {
    return unix_ms_of_local("Europe/Berlin", 2026, month, day, hour * 60 + minute);
}

std::shared_ptr<send_port_runtime> make_port(const std::string& name, std::uint8_t priority = 5) {
    auto port = std::make_shared<send_port_runtime>();
    port->name = name;
    port->priority = priority;
    port->in_flight_max = 4;
    port->primary.address = "mailto:" + name + "@partner.example";
    return port;
}

claimed_delivery make_claim(const std::string& port, delivery_id id, std::uint64_t size = 100) {
    claimed_delivery claim;
    claim.token.delivery = id;
    claim.port = port;
    claim.parts.push_back({});
    claim.parts.back().size = size;
    return claim;
}

admission admit_all(const claimed_delivery&) { return admission::begin; }

std::vector<std::string> ports_of(const port_schedule::plan& plan) {
    std::vector<std::string> names;
    for (const port_claim& one : plan.claims) {
        names.push_back(one.port);
    }
    return names;
}

}  // namespace

TEST_CASE("a rate lets its count begin in a period, evenly, and tells when one more may") {
    rate_gate gate({10, 1000});
    std::vector<std::int64_t> began;
    for (std::int64_t now_ms = 5000; now_ms < 8000; ++now_ms) {
        for (; gate.available(now_ms) > 0; gate.take(now_ms)) {
            began.push_back(now_ms);
        }
    }
    CHECK(began.size() >= 29);
    CHECK(began.size() <= 31);
    for (std::size_t i = 10; i < began.size(); ++i) {
        CHECK(began[i] - began[i - 10] >= 990);  // never an eleventh within the second
    }
    CHECK(gate.available(7999) == 0);
    CHECK(gate.next_ms() > 7999);
    CHECK(gate.available(gate.next_ms()) == 1);
}

TEST_CASE("a high rate comes in small bursts and keeps its average; none is no limit") {
    rate_gate gate({5000, 1000});
    std::uint32_t count = 0;
    for (std::int64_t now_ms = 0; now_ms < 1000; now_ms += 7) {  // a timer that is often late
        const std::uint32_t many = gate.available(now_ms);
        CHECK(many <= 5000 * 17 / 1000 + 1);
        for (std::uint32_t i = 0; i < many; ++i) {
            gate.take(now_ms);
            ++count;
        }
    }
    CHECK(count > 4900);
    CHECK(count <= 5051);
    CHECK(rate_gate{}.available(0) > 1'000'000);
}

TEST_CASE("a service window is open from its first minute up to its last, on its days") {
    const service_window window{8 * 60, 18 * 60, 0x1f, "Europe/Berlin"};  // Monday to Friday
    CHECK_FALSE(state_of(window, berlin(11, 25, 7, 59)).is_open);
    CHECK(state_of(window, berlin(11, 25, 7, 59)).until_unix_ms == berlin(11, 25, 8));
    CHECK(state_of(window, berlin(11, 25, 8)).is_open);
    CHECK(state_of(window, berlin(11, 25, 17, 59)).until_unix_ms == berlin(11, 25, 18));
    CHECK_FALSE(state_of(window, berlin(11, 25, 18)).is_open);
    const window_state friday_evening = state_of(window, berlin(11, 27, 19));
    CHECK_FALSE(friday_evening.is_open);
    CHECK(friday_evening.until_unix_ms == berlin(11, 30, 8));  // Monday
}

TEST_CASE("a window over midnight belongs to the day on which it opens") {
    const service_window window{22 * 60, 6 * 60, 1U << 4, "Europe/Berlin"};  // Friday
    CHECK(state_of(window, berlin(11, 27, 23)).is_open);
    CHECK(state_of(window, berlin(11, 28, 5, 59)).is_open);  // Saturday morning
    CHECK(state_of(window, berlin(11, 27, 23)).until_unix_ms == berlin(11, 28, 6));
    CHECK_FALSE(state_of(window, berlin(11, 27, 5)).is_open);
    CHECK_FALSE(state_of(window, berlin(11, 28, 23)).is_open);
    CHECK(state_of({22 * 60, 6 * 60, 0, "UTC"}, berlin(11, 27, 23)).until_unix_ms == never_ms);
}

TEST_CASE("a window follows the clock on the wall when that is changed") {
    const service_window night{1 * 60, 4 * 60, 0x7f, "Europe/Berlin"};
    // 29 March 2026: 02:00 becomes 03:00, so it is two hours long; 25 October: 03:00 becomes 02:00, so it is four.
    CHECK(state_of(night, berlin(3, 29, 1)).until_unix_ms == berlin(3, 29, 1) + 2 * hour_ms);
    CHECK(state_of(night, berlin(10, 25, 1)).until_unix_ms == berlin(10, 25, 1) + 4 * hour_ms);
    const service_window skipped{2 * 60 + 30, 5 * 60, 0x7f, "Europe/Berlin"};  // opens in the hour that is not there
    CHECK(state_of(skipped, berlin(3, 29, 1)).until_unix_ms == berlin(3, 29, 3));
    CHECK(state_of(skipped, berlin(3, 29, 3)).is_open);
}

TEST_CASE("a destination's limits hold over all that goes there") {
    destination_limits limits({{"mailto:*@slow.example", 2, {}}, {"mailto:*@shy.example", 0, {1, 1000}}});
    const auto slow = limits.find("mailto:a@slow.example");
    REQUIRE(slow);
    CHECK(limits.find("mailto:b@slow.example") == slow);
    CHECK(limits.find("mailto:x@fast.example,b@slow.example") == slow);
    CHECK_FALSE(limits.find("mailto:a@fast.example"));
    CHECK(limits.room(std::nullopt, 0) > 1000);
    limits.begin(slow, 0);
    CHECK(limits.room(slow, 0) == 1);
    limits.begin(slow, 0);
    CHECK(limits.room(slow, 0) == 0);
    limits.end(slow);
    CHECK(limits.room(slow, 0) == 1);
    const auto shy = limits.find("mailto:a@shy.example");
    limits.begin(shy, 5000);
    CHECK(limits.room(shy, 5500) == 0);
    CHECK(limits.next_ms(shy, 5500) > 5900);
    CHECK(limits.room(shy, 6000) == 1);
}

TEST_CASE("an urgent port comes first, and the least urgent one still gets its turn") {
    port_schedule schedule;
    const destination_limits nowhere;
    schedule.set_port(make_port("calm", 10), true);
    for (int i = 0; i < 64; ++i) {  // enough to fill every claim: 64 × 4 = 256
        schedule.set_port(make_port("urgent" + std::to_string(i), 1), true);
    }
    int first_turn = 0;
    for (int turn = 1; turn <= 200 && first_turn == 0; ++turn) {
        const port_schedule::plan plan = schedule.make_plan({turn, turn}, {}, nowhere);
        REQUIRE(plan.claims.size() == 64);
        const std::vector<std::string> names = ports_of(plan);
        first_turn = std::find(names.begin(), names.end(), "calm") == names.end() ? 0 : turn;
        schedule.note_asked(plan.claims);
    }
    CHECK(first_turn > 8);
    CHECK(first_turn <= 75);
}

TEST_CASE("a port is asked up to its allowance, below its rate, while it is started and has something due") {
    port_schedule schedule;
    const destination_limits nowhere;
    auto port = make_port("A");
    port->rate = {2, 1000};
    schedule.set_port(port, true);
    schedule.set_port(make_port("stopped"), false);
    port_schedule::plan plan = schedule.make_plan({1000, 0}, {}, nowhere);
    REQUIRE(ports_of(plan) == std::vector<std::string>{"A"});
    CHECK(plan.claims[0].count_max == 1);
    auto asked = schedule.note_asked(plan.claims);
    schedule.note_claimed("A", 1000);
    schedule.note_answered("A", asked["A"], 1);
    plan = schedule.make_plan({1001, 0}, {}, nowhere);
    CHECK(plan.claims.empty());
    CHECK(plan.next_ms == 1490);  // half a second later, less the burst
    plan = schedule.make_plan({1500, 0}, {}, nowhere);
    asked = schedule.note_asked(plan.claims);
    schedule.note_answered("A", asked["A"], 0);  // nothing is due
    CHECK(schedule.take_unknown_due() == "A");
    schedule.set_due("A", schedule.wake_count("A"), 90'000);
    plan = schedule.make_plan({3000, 60'000}, {}, nowhere);
    CHECK(plan.claims.empty());
    CHECK(plan.next_ms == 33'000);
    CHECK(schedule.wake("A"));
    CHECK(schedule.make_plan({3000, 60'000}, {}, nowhere).claims.size() == 1);
    CHECK(schedule.make_plan({3000, 60'000}, {"A"}, nowhere).claims.empty());  // its claims have not begun
    schedule.hold("A", 4000, "refused");
    CHECK(schedule.note("A", {3000, 0}).find("refused") != std::string::npos);
    CHECK(schedule.make_plan({3000, 60'000}, {}, nowhere).next_ms == 4000);
    schedule.remove_port("A");
    CHECK(schedule.runtime("A") == nullptr);
    CHECK(schedule.make_plan({9000, 60'000}, {}, nowhere).claims.empty());
    schedule.note_settled("A");  // what was in flight when it was removed
}

TEST_CASE("outside its window a port is asked for what is on the backup transport alone, and for all when it opens") {
    port_schedule schedule;
    const destination_limits nowhere;
    auto port = make_port("A");
    port->primary.window = service_window{8 * 60, 18 * 60, 0x7f, "UTC"};
    schedule.set_port(port, true);
    const std::int64_t seven = 7 * hour_ms;
    CHECK(schedule.make_plan({0, seven}, {}, nowhere).claims.empty());
    CHECK(schedule.make_plan({0, seven}, {}, nowhere).next_ms == hour_ms);
    CHECK(schedule.note("A", {0, seven}) == "outside its service window until 1970-01-01T08:00:00Z");
    port = std::make_shared<send_port_runtime>();
    port->name = "A";
    port->primary.window = service_window{8 * 60, 18 * 60, 0x7f, "UTC"};
    port->backup.emplace();
    schedule.set_port(port, true);
    port_schedule::plan plan = schedule.make_plan({0, seven}, {}, nowhere);
    REQUIRE(plan.claims.size() == 1);
    CHECK(plan.claims[0].only_on_backup);
    auto asked = schedule.note_asked(plan.claims);
    schedule.note_answered("A", asked["A"], 0);
    schedule.set_due("A", schedule.wake_count("A"), std::nullopt);
    CHECK(schedule.make_plan({0, seven}, {}, nowhere).next_ms == hour_ms);
    plan = schedule.make_plan({hour_ms, 8 * hour_ms}, {}, nowhere);
    REQUIRE(plan.claims.size() == 1);
    CHECK_FALSE(plan.claims[0].only_on_backup);
}

TEST_CASE("a service window is looked at again when the clock is set back") {
    port_schedule schedule;
    const destination_limits nowhere;
    auto port = make_port("A");
    port->primary.window = service_window{8 * 60, 18 * 60, 0x7f, "UTC"};
    SUBCASE("from a time when it is open") {
        schedule.set_port(port, true);
        CHECK(schedule.make_plan({0, 9 * hour_ms}, {}, nowhere).claims.size() == 1);
        CHECK(schedule.make_plan({1, 7 * hour_ms}, {}, nowhere).claims.empty());
        CHECK(schedule.note("A", {2, 7 * hour_ms}) == "outside its service window until 1970-01-01T08:00:00Z");
        CHECK(schedule.make_plan({3, 8 * hour_ms}, {}, nowhere).claims.size() == 1);
    }
    SUBCASE("from a time when it is closed") {
        schedule.set_port(port, true);
        CHECK(schedule.make_plan({0, 19 * hour_ms}, {}, nowhere).claims.empty());
        CHECK(schedule.make_plan({1, 17 * hour_ms}, {}, nowhere).claims.size() == 1);
    }
    SUBCASE("where nothing was on the backup transport") {
        port->backup.emplace();
        schedule.set_port(port, true);
        const port_schedule::plan plan = schedule.make_plan({0, 19 * hour_ms}, {}, nowhere);
        REQUIRE(plan.claims.size() == 1);
        schedule.note_answered("A", schedule.note_asked(plan.claims)["A"], 0);
        schedule.set_due("A", schedule.wake_count("A"), std::nullopt);
        CHECK(schedule.make_plan({1, 18 * hour_ms}, {}, nowhere).claims.empty());
        CHECK(schedule.make_plan({2, 17 * hour_ms}, {}, nowhere).claims.size() == 1);
    }
}

TEST_CASE("bodies of one port take half of what is free at most, so that the next port finds room") {
    dispatch_queue queue(16 * 1024 * 1024);
    for (delivery_id id = 1; id <= 1000; ++id) {
        queue.add(make_claim("large", id, 100'000'000), 5);
    }
    std::size_t begun = 0;
    while (queue.take(0, admit_all)) {
        ++begun;
    }
    CHECK(begun >= 8);
    queue.add(make_claim("small", 2000), 5);
    const auto taken = queue.take(0, admit_all);
    REQUIRE(taken);
    CHECK(taken->claim.port == "small");
    queue.ended({1, 0});
    CHECK(queue.take(0, admit_all)->claim.port == "large");
}

TEST_CASE("what may not begin waits or goes back, and holds up no other port") {
    dispatch_queue queue(16 * 1024 * 1024);
    queue.add(make_claim("waits", 1), 1);
    queue.add(make_claim("goes", 2), 9);
    queue.add(make_claim("back", 3), 9);
    const auto admit = [](const claimed_delivery& claim) {
        return claim.port == "waits" ? admission::wait : claim.port == "back" ? admission::give_back : admission::begin;
    };
    auto taken = queue.take(0, admit);
    REQUIRE(taken);
    CHECK(taken->claim.port == "back");
    CHECK(taken->is_given_back);
    taken = queue.take(0, admit);
    REQUIRE(taken);
    CHECK(taken->claim.port == "goes");
    CHECK_FALSE(queue.take(0, admit));
    CHECK(queue.ports_waiting() == std::set<std::string>{"waits"});
    CHECK(queue.remove({1, 0}) == "waits");
    CHECK_FALSE(queue.remove({1, 0}));
    CHECK_FALSE(queue.is_empty());
    queue.ended({2, 0});
    CHECK(queue.is_empty());
}

TEST_CASE("what waits alone is passed by others of its port, and begins before them when it may") {
    dispatch_queue queue(16 * 1024 * 1024);
    for (delivery_id id = 1; id <= 4; ++id) {
        queue.add(make_claim("D", id), 5);
    }
    std::set<delivery_id> waiting{1, 2};
    const auto admit = [&](const claimed_delivery& claim) {
        return waiting.count(claim.token.delivery) > 0 ? admission::wait_alone : admission::begin;
    };
    CHECK(queue.take(0, admit)->claim.token.delivery == 3);
    waiting.erase(2);
    CHECK(queue.take(0, admit)->claim.token.delivery == 2);
    waiting.erase(1);
    CHECK(queue.take(0, admit)->claim.token.delivery == 1);
    CHECK(queue.take(0, admit)->claim.token.delivery == 4);
    CHECK_FALSE(queue.has_waiting());
}

TEST_CASE("what was in flight in a crash runs alone for a while, the others wait and then go on") {
    dispatch_queue queue(16 * 1024 * 1024);
    queue.add(make_claim("A", 1), 5);
    REQUIRE(queue.take(1000, admit_all));
    claimed_delivery suspect = make_claim("A", 2);
    suspect.crash_count = 1;
    queue.add(std::move(suspect), 5);
    queue.add(make_claim("B", 3), 5);
    CHECK_FALSE(queue.take(1000, admit_all));  // the first is under way
    CHECK(queue.next_ms() == 1500);
    auto taken = queue.take(1500, admit_all);  // it takes too long: the suspect begins beside it
    REQUIRE(taken);
    CHECK(taken->claim.token.delivery == 2);
    CHECK_FALSE(queue.take(1600, admit_all));
    SUBCASE("it ended") { queue.ended({2, 0}); }
    SUBCASE("it hangs, so it did not kill the process") {}
    taken = queue.take(2000, admit_all);
    REQUIRE(taken);
    CHECK(taken->claim.token.delivery == 3);
}

TEST_CASE("a suspect that waits for its destination holds up nobody, and runs alone when its time comes") {
    dispatch_queue queue(16 * 1024 * 1024);
    admission of_suspect = admission::wait;
    const auto admit = [&](const claimed_delivery& claim) {
        return claim.crash_count > 0 ? of_suspect : admission::begin;
    };
    claimed_delivery suspect = make_claim("A", 1);
    suspect.crash_count = 1;
    queue.add(std::move(suspect), 5);
    CHECK(queue.is_for_suspect());
    queue.add(make_claim("B", 2), 5);
    auto taken = queue.take(1000, admit);
    REQUIRE(taken);
    CHECK(taken->claim.token.delivery == 2);
    CHECK_FALSE(queue.take(1000, admit));
    CHECK_FALSE(queue.is_for_suspect());
    CHECK(queue.next_ms() == never_ms);
    of_suspect = admission::begin;
    queue.add(make_claim("B", 3), 5);
    CHECK_FALSE(queue.take(2000, admit));
    CHECK(queue.is_for_suspect());
    CHECK(queue.next_ms() == 2500);
    SUBCASE("the others end") {
        queue.ended({2, 0});
        taken = queue.take(2100, admit);
    }
    SUBCASE("their time is over") { taken = queue.take(2500, admit); }
    REQUIRE(taken);
    CHECK(taken->claim.token.delivery == 1);
    CHECK(queue.is_for_suspect());
    CHECK_FALSE(queue.take(2550, admit));
    queue.ended({1, 0});
    CHECK_FALSE(queue.is_for_suspect());
    CHECK(queue.take(2600, admit)->claim.token.delivery == 3);
}
