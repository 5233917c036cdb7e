// What every store promises of an ordered port: no message passes another one that waits for its time, whatever the
// clock says.
#include <doctest/doctest.h>

#include <map>
#include <set>
#include <vector>

#include "messagebox/conformance_store.hpp"

using namespace hawser::engine;
using namespace hawser::engine::test;

namespace {

enum class failure : std::uint8_t { stops_port = 1, is_put_aside };

std::string body_of_next(message_box& box, std::int64_t at, failure what = failure::is_put_aside) {
    std::string all;
    for (const claimed_delivery& one : claim(box, "O", 5, true, at, what == failure::stops_port)) {
        all += one.inline_bodies.at(0).value_or("?");
        commit(box, complete_operation{one.token, {}});
    }
    return all;
}

void publish_in_order(message_box& box, const std::string& body, const std::string& key = "") {
    REQUIRE(publish(box, {.ports = {"O"}, .body = body, .order_key = key}).status == commit_status::done);
}

void resume_all(message_box& box, std::int64_t due_unix_ms) {
    for (const delivery_summary& one : box.list({.port = "O", .state = delivery_state::suspended})) {
        REQUIRE(commit(box, resume_operation{one.id, due_unix_ms, {}}).status == commit_status::done);
    }
}

// The first, which fails for good while the port is as it says.
delivery_id suspend_first(message_box& box, bool is_ordered) {
    const auto failed = claim(box, "O", 1, is_ordered);
    REQUIRE(failed.size() == 1);
    commit(box, suspend_operation{.token = failed[0].token, .is_resumable = true});
    return failed[0].token.delivery;
}

void suspend_waiting(message_box& box) {
    commit(box, suspend_waiting_operation{"O", "", "port.removed", "the port is gone", 100});
}

}  // namespace

TEST_CASE_TEMPLATE("a cancelled attempt of an ordered port is not passed where the clock was set back", Store,
                   HAWSER_STORES) {
    Store store;
    auto box = store.open();
    publish_in_order(*box, "A");
    publish_in_order(*box, "B");
    const std::int64_t stopped = now();
    const auto cancelled = claim(*box, "O", 5, true, stopped);
    REQUIRE(cancelled.size() == 1);
    commit(*box, reschedule_operation{cancelled[0].token, stopped, {}, {.verdict = "retry"}});  // no attempt is counted
    box.reset();
    box = store.open();
    CHECK(body_of_next(*box, stopped - 60'000).empty());
    CHECK(body_of_next(*box, stopped) == "A");
    CHECK(body_of_next(*box, stopped - 60'000) == "B");
}

TEST_CASE_TEMPLATE("what was resumed before its first attempt is not passed where the clock was set back", Store,
                   HAWSER_STORES) {
    Store store;
    auto box = store.open();
    publish_in_order(*box, "A");
    publish_in_order(*box, "B");
    suspend_waiting(*box);
    const std::int64_t resumed = now() + 1;
    resume_all(*box, resumed);
    publish_in_order(*box, "C");
    publish_in_order(*box, "D", "another key");
    CHECK(body_of_next(*box, resumed - 1) == "D");
    CHECK(body_of_next(*box, resumed) == "A");
    CHECK(body_of_next(*box, resumed - 1) == "B");  // due once, it stays so
    CHECK(body_of_next(*box, resumed) == "C");
}

TEST_CASE_TEMPLATE("one that waits for its time holds back what was published after it, and nothing before", Store,
                   HAWSER_STORES) {
    Store store;
    auto box = store.open();
    const std::int64_t due = now() + 60'000;
    publish_in_order(*box, "A");
    publish(*box, {.ports = {"O"}, .body = "B", .order_key = "", .due_unix_ms = due});
    publish_in_order(*box, "C");
    CHECK(body_of_next(*box, now()) == "A");
    CHECK(body_of_next(*box, now()).empty());
    CHECK(box->next_due({"O"}) == due);
    CHECK(body_of_next(*box, due) == "B");
    CHECK(body_of_next(*box, due) == "C");
}

TEST_CASE_TEMPLATE("one that is suspended as not resumable has lost its turn and holds back nothing", Store,
                   HAWSER_STORES) {
    Store store;
    auto box = store.open();
    publish_in_order(*box, "A");
    publish_in_order(*box, "B");
    const auto failed = claim(*box, "O", 5, true);
    REQUIRE(failed.size() == 1);
    commit(*box, suspend_operation{.token = failed[0].token, .is_resumable = false});
    CHECK(body_of_next(*box, now()) == "B");
}

TEST_CASE_TEMPLATE("a suspended delivery holds back its key while the port stops on a failure, and no longer", Store,
                   HAWSER_STORES) {
    Store store;
    auto box = store.open();
    publish_in_order(*box, "A");
    publish_in_order(*box, "B");
    publish_in_order(*box, "C");
    publish_in_order(*box, "D", "another key");
    const delivery_id failed = suspend_first(*box, true);
    CHECK(body_of_next(*box, now(), failure::stops_port) == "D");
    CHECK(body_of_next(*box, now(), failure::stops_port).empty());
    CHECK(body_of_next(*box, now()) == "B");  // stopSendingOnFailure was taken away
    const std::int64_t resumed = now();
    REQUIRE(commit(*box, resume_operation{failed, resumed, {}}).status == commit_status::done);
    CHECK(body_of_next(*box, resumed) == "A");
    CHECK(body_of_next(*box, resumed) == "C");
}

TEST_CASE_TEMPLATE("what was suspended before the port was ordered holds back nothing until it is resumed", Store,
                   HAWSER_STORES) {
    Store store;
    auto box = store.open();
    for (const char* body : {"A", "B", "C", "D"}) {
        REQUIRE(publish(*box, {.ports = {"O"}, .body = body}).status == commit_status::done);
    }
    const delivery_id failed = suspend_first(*box, false);
    SUBCASE("it stays suspended") {
        CHECK(body_of_next(*box, now(), failure::stops_port) == "B");
        CHECK(body_of_next(*box, now(), failure::stops_port) == "C");
    }
    SUBCASE("it is resumed, and has its turn again") {
        CHECK(body_of_next(*box, now(), failure::stops_port) == "B");
        const std::int64_t due = now() + 60'000;
        REQUIRE(commit(*box, resume_operation{failed, due, {}}).status == commit_status::done);
        CHECK(body_of_next(*box, due - 1, failure::stops_port).empty());
        CHECK(body_of_next(*box, due, failure::stops_port) == "A");
        CHECK(body_of_next(*box, due, failure::stops_port) == "C");
    }
    SUBCASE("it is resumed with another text before the first claim in order") {
        REQUIRE(commit(*box, resume_operation{failed, now() + 60'000, message_context{}}).status ==
                commit_status::done);
        CHECK(body_of_next(*box, now(), failure::stops_port).empty());
        CHECK(body_of_next(*box, now() + 61'000, failure::stops_port) == "A");
    }
}

TEST_CASE_TEMPLATE("what waits for its retry when the port becomes ordered holds back the others", Store,
                   HAWSER_STORES) {
    Store store;
    auto box = store.open();
    for (const char* body : {"A", "B", "C"}) {
        REQUIRE(publish(*box, {.ports = {"O"}, .body = body}).status == commit_status::done);
    }
    const auto sent = claim(*box, "O", 2);
    REQUIRE(sent.size() == 2);
    const std::int64_t due = now() + 60'000;
    commit(*box, reschedule_operation{sent[0].token, due, {1, 1, false, "", ""}, {}});
    CHECK(body_of_next(*box, now()).empty());
    commit(*box, suspend_operation{.token = sent[1].token, .is_resumable = true});
    CHECK(body_of_next(*box, now()).empty());
    CHECK(body_of_next(*box, due) == "A");
    CHECK(body_of_next(*box, due) == "C");
}

TEST_CASE_TEMPLATE("one that was routed before the port was ordered, and stored after, is sent in order", Store,
                   HAWSER_STORES) {
    Store store;
    auto box = store.open();
    publish_in_order(*box, "A");
    CHECK(body_of_next(*box, now()) == "A");
    REQUIRE(publish(*box, {.ports = {"O"}, .body = "B"}).status == commit_status::done);
    publish_in_order(*box, "C");
    CHECK(body_of_next(*box, now()) == "B");
    CHECK(body_of_next(*box, now()) == "C");
}

TEST_CASE_TEMPLATE("what was published in order goes so when its port is not ordered any more", Store, HAWSER_STORES) {
    Store store;
    auto box = store.open();
    for (const char* body : {"A", "B", "C"}) {
        publish_in_order(*box, body);
    }
    publish_in_order(*box, "D", "another key");
    for (const char* body : {"X", "Y"}) {
        REQUIRE(publish(*box, {.ports = {"O"}, .body = body}).status == commit_status::done);
    }
    REQUIRE(publish(*box, {.ports = {"O"}, .body = "Z", .priority = 1}).status == commit_status::done);
    std::map<std::string, claim_token> sent;
    const auto send = [&](std::uint32_t count, std::int64_t at) {
        std::set<std::string> bodies;
        for (const claimed_delivery& one : claim(*box, "O", count, false, at)) {
            const std::string body = one.inline_bodies.at(0).value();
            bodies.insert(body);
            sent[body] = one.token;
        }
        std::string all;
        for (const std::string& body : bodies) {
            all += body;
        }
        return all;
    };
    const std::int64_t due = now() + 60'000;
    CHECK(send(10, now()) == "ADXYZ");
    CHECK(send(10, now()).empty());  // B waits for A
    commit(*box, reschedule_operation{sent.at("A"), due, {1, 1, false, "", ""}, {}});
    CHECK(send(10, now()).empty());
    REQUIRE(publish(*box, {.ports = {"O"}, .body = "W"}).status == commit_status::done);
    CHECK(send(10, now()) == "W");  // and nobody for it
    CHECK(send(10, due) == "A");
    commit(*box, suspend_operation{.token = sent.at("A"), .is_resumable = true});
    CHECK(send(10, due) == "B");  // the port does not stop any more
    REQUIRE(commit(*box, resume_operation{sent.at("A").delivery, due, {}}).status == commit_status::done);
    commit(*box, release_operation{sent.at("B")});
    CHECK(send(10, due - 1).empty());
    CHECK(send(10, due) == "A");
    commit(*box, complete_operation{sent.at("A"), {}});
    CHECK(send(10, due) == "B");
    commit(*box, complete_operation{sent.at("B"), {}});
    CHECK(send(10, due) == "C");
}

TEST_CASE_TEMPLATE("a port that was ordered, is not and is again keeps the order of all", Store, HAWSER_STORES) {
    Store store;
    auto box = store.open();
    publish_in_order(*box, "A");
    publish_in_order(*box, "B");
    auto first = claim(*box, "O", 1);
    REQUIRE(first.size() == 1);
    REQUIRE(publish(*box, {.ports = {"O"}, .body = "C"}).status == commit_status::done);
    publish_in_order(*box, "D");
    CHECK(body_of_next(*box, now()).empty());
    commit(*box, release_operation{first[0].token});
    for (const char* body : {"A", "B", "C", "D"}) {
        CHECK(body_of_next(*box, now()) == body);
    }
}

TEST_CASE_TEMPLATE("order keys take turns, so that none holds back the others however much it has", Store,
                   HAWSER_STORES) {
    Store store;
    auto box = store.open();
    for (const char* body : {"A1", "B1", "C1", "A2", "B2", "C2", "A3", "B3", "C3"}) {
        publish_in_order(*box, body, std::string(body, 1));
    }
    const auto send = [&](std::uint32_t count) {
        std::set<std::string> bodies;
        for (const claimed_delivery& one : claim(*box, "O", count, true)) {
            bodies.insert(one.inline_bodies.at(0).value());
            commit(*box, complete_operation{one.token, {}});
        }
        return bodies;
    };
    using bodies = std::set<std::string>;
    SUBCASE("one at a time") {
        for (const char* body : {"A1", "B1", "C1", "A2", "B2"}) {
            CHECK(send(1) == bodies{body});
        }
        publish_in_order(*box, "one without a key");
        CHECK(send(2).count("C2") == 1);
    }
    SUBCASE("two at a time") {
        CHECK(send(2) == bodies{"A1", "B1"});
        CHECK(send(2) == bodies{"C1", "A2"});
        CHECK(send(2) == bodies{"B2", "C2"});
    }
    SUBCASE("one of them is under way") {
        const auto held = claim(*box, "O", 1, true);
        REQUIRE(held.size() == 1);
        CHECK(send(5) == bodies{"B1", "C1"});
        CHECK(send(1) == bodies{"B2"});
        commit(*box, complete_operation{held[0].token, {}});
        CHECK(send(3) == bodies{"A2", "C2", "B3"});
    }
}

TEST_CASE_TEMPLATE("one that waits in order says for which suspended one", Store, HAWSER_STORES) {
    Store store;
    auto box = store.open();
    REQUIRE(publish(*box, {.ports = {"O"}, .body = "not in order"}).status == commit_status::done);
    const delivery_id other = suspend_first(*box, false);
    publish_in_order(*box, "A");
    publish_in_order(*box, "B");
    publish_in_order(*box, "C", "another key");
    const delivery_id failed = suspend_first(*box, true);
    std::vector<delivery_id> holders;
    for (const delivery_summary& one : box->list({.port = "O"})) {
        holders.push_back(one.order_holder);
        CHECK(box->show(one.id)->summary.order_holder == one.order_holder);
    }
    CHECK(holders == std::vector<delivery_id>{0, failed, failed, 0});
    CHECK(failed != other);
}
