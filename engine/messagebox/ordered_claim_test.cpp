// What every store promises of an ordered port: no message passes another one that waits for its time, whatever the
// clock says.
#include <doctest/doctest.h>

#include "messagebox/conformance_store.hpp"

using namespace hawser::engine;
using namespace hawser::engine::test;

namespace {

std::string body_of_next(message_box& box, std::int64_t at) {
    std::string all;
    for (const claimed_delivery& one : claim(box, "O", 5, true, at)) {
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
