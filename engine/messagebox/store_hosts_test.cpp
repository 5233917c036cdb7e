// What becomes of the work of hosts that die or sleep, through the interface alone: crashes, epochs, leases.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <thread>

#include "messagebox/conformance_store.hpp"

using namespace hawser::engine;
using namespace hawser::engine::test;

TEST_CASE_TEMPLATE("what was in flight when a host died comes alone, so that nothing beside it counts a crash", Store,
                   HAWSER_STORES) {
    Store store;
    auto box = store.open();
    for (const char* port : {"A", "A", "B"}) {
        publish(*box, {.ports = {port}, .body = "x"});
    }
    REQUIRE(claim(*box, "A", 2).size() == 2);
    store.let_die(std::move(box));
    box = store.open();
    const auto first = claim(*box, "A", 2);
    REQUIRE(first.size() == 1);
    CHECK(first[0].crash_count == 1);
    store.let_die(std::move(box));
    box = store.open();
    for (const std::uint32_t crashes : {1U, 2U}) {  // the one that was there twice waits a while
        const auto one = claim(*box, "A", 2, false, now() + (crashes - 1) * 2 * second_crash_wait_ms);
        REQUIRE(one.size() == 1);
        CHECK(one[0].crash_count == crashes);
        REQUIRE(commit(*box, complete_operation{one[0].token, {}}).status == commit_status::done);
    }
    CHECK(claim(*box, "B").at(0).crash_count == 0);
}

TEST_CASE_TEMPLATE("what a dead host had in flight comes again with a crash counted, a new epoch and its history",
                   Store, HAWSER_STORES) {
    Store store;
    auto box = store.open();
    publish(*box, {.ports = {"A"}, .body = "x"});
    claim_token last;
    std::string unique_id;
    for (std::uint32_t crashes = 0; crashes <= crash_count_max; ++crashes) {
        if (crashes == 2) {  // it may have been another's fault
            CHECK(claim(*box, "A").empty());
            CHECK(box->next_due({"A"}).value_or(0) > now());
        }
        const auto given = claim(*box, "A", 1, false, now() + second_crash_wait_ms);
        REQUIRE(given.size() == 1);
        CHECK(given[0].crash_count == crashes);
        CHECK(given[0].state.total_attempts == crashes);
        CHECK(given[0].token.epoch > last.epoch);
        CHECK((unique_id.empty() || unique_id == given[0].unique_id));
        unique_id = given[0].unique_id;
        last = given[0].token;
        store.let_die(std::move(box));
        box = store.open();
    }
    const auto held = claim(*box, "A");
    REQUIRE(held.size() == 1);
    CHECK(commit(*box, complete_operation{last, {}}).status == commit_status::lost);
    const auto shown = box->show(last.delivery);
    REQUIRE(shown);
    REQUIRE(shown->history.size() == crash_count_max + 1);
    CHECK(shown->history[0].verdict == "crashed");
    CHECK(commit(*box, reschedule_operation{held[0].token, now(), {1, 5, false, "", ""}, {}}).status ==
          commit_status::done);
    CHECK(claim(*box, "A").at(0).crash_count == 0);  // an attempt that ended clears it
}

TEST_CASE_TEMPLATE("a claim is renewed while it is held, and lost afterwards", Store, HAWSER_STORES) {
    Store store;
    auto box = store.open();
    publish(*box, {.ports = {"A"}});
    const auto held = claim(*box, "A").at(0);
    CHECK(commit(*box, renew_operation{held.token}).status == commit_status::done);
    CHECK(commit(*box, checkpoint_operation{held.token, "half", "scope"}).status == commit_status::done);
    CHECK(commit(*box, complete_operation{held.token, {}}).status == commit_status::done);
    CHECK(commit(*box, renew_operation{held.token}).status == commit_status::lost);
    CHECK(commit(*box, checkpoint_operation{held.token, "half", "scope"}).status == commit_status::lost);
    CHECK(commit(*box, suspend_operation{held.token, true, "", "", {}, {}}).status == commit_status::lost);
    CHECK(commit(*box, reschedule_operation{held.token, now(), {}, {}}).status == commit_status::lost);
}

TEST_CASE_TEMPLATE("a checkpoint survives the host", Store, HAWSER_STORES) {
    Store store;
    auto box = store.open();
    publish(*box, {.ports = {"A"}});
    commit(*box, checkpoint_operation{claim(*box, "A").at(0).token, "half of them", "scope"});
    store.let_die(std::move(box));
    box = store.open();
    const auto again = claim(*box, "A").at(0);
    CHECK(again.state.resume_state == "half of them");
    CHECK(again.state.resume_scope == "scope");
}

TEST_CASE_TEMPLATE("a lease that runs out is given to another host, and the first one's result is lost", Store,
                   HAWSER_SHARED_STORES) {
    Store store;
    auto first = store.open();
    auto second = store.open();
    REQUIRE(first->lease_ms() > 0);
    publish(*first, {.ports = {"A"}, .body = "x"});
    const auto held = claim(*first, "A").at(0);
    CHECK(claim(*second, "A").empty());
    const auto due = second->next_due({"A"});  // when the lease would run out
    REQUIRE(due);
    CHECK(*due <= now() + first->lease_ms());
    store.pass(first->lease_ms() - 10'000);
    CHECK(commit(*first, renew_operation{held.token}).status == commit_status::done);
    store.pass(first->lease_ms() - 10'000);
    CHECK(claim(*second, "A").empty());
    store.pass(10'001);
    const auto taken = claim(*second, "A");
    REQUIRE(taken.size() == 1);
    CHECK(taken[0].token.epoch > held.token.epoch);
    CHECK(taken[0].crash_count == 1);
    CHECK(commit(*first, renew_operation{held.token}).status == commit_status::lost);
    CHECK(commit(*first, complete_operation{held.token, {}}).status == commit_status::lost);
    CHECK(commit(*first, complete_operation{taken[0].token, {}}).status == commit_status::lost);  // not its claim
    CHECK(commit(*second, complete_operation{taken[0].token, {}}).status == commit_status::done);
    CHECK(second->list({}).empty());
}

TEST_CASE_TEMPLATE("an ordered port is leased as a whole: another host gets nothing of a key that is in flight", Store,
                   HAWSER_SHARED_STORES) {
    Store store;
    auto first = store.open();
    auto second = store.open();
    publish(*first, {.ports = {"O"}, .body = "x1", .order_key = "x"});
    publish(*first, {.ports = {"O"}, .body = "x2", .order_key = "x"});
    publish(*first, {.ports = {"O"}, .body = "y1", .order_key = "y"});
    const auto held = claim(*first, "O", 1, true);
    REQUIRE(held.size() == 1);
    const auto other = claim(*second, "O", 10, true);
    REQUIRE(other.size() == 1);
    CHECK(other[0].inline_bodies.at(0) == "y1");
    commit(*first, complete_operation{held[0].token, {}});
    CHECK(claim(*second, "O", 10, true).at(0).inline_bodies.at(0) == "x2");
}

TEST_CASE_TEMPLATE("a host is told what another one made due, and not what it did itself", Store,
                   HAWSER_SHARED_STORES) {
    Store store;
    auto first = store.open();
    auto second = store.open();
    std::mutex mutex;
    std::vector<std::string> told;
    second->on_due([&](const std::string& port) {
        const std::lock_guard lock(mutex);
        told.push_back(port);
    });
    const auto take_told = [&] {
        second->next_due({});
        commit(*second, port_state_operation{"B", "started", "started"});  // whatever was told is told by now
        const std::lock_guard lock(mutex);
        return std::exchange(told, {});
    };
    publish(*second, {.ports = {"A"}});
    CHECK(take_told().empty());
    publish(*first, {.ports = {"A"}});
    CHECK(take_told() == std::vector<std::string>{"A"});
    const auto held = claim(*first, "A").at(0);
    commit(*first, suspend_operation{held.token, true, "", "", {}, {}});
    take_told();
    commit(*first, resume_operation{held.token.delivery, now(), {}});
    CHECK(take_told() == std::vector<std::string>{"A"});
    second->on_due({});
    publish(*first, {.ports = {"A"}});
    CHECK(take_told().empty());
}
