// What every store does with deliveries that are held for a stopped group, and with those of a port that goes.
#include <doctest/doctest.h>

#include <atomic>

#include "messagebox/conformance_store.hpp"

using namespace hawser::engine;
using namespace hawser::engine::test;

namespace {

std::uint64_t release(message_box& box, const std::string& group, std::uint32_t count_max) {
    const commit_answer answer = commit(box, release_held_operation{group, count_max});
    CHECK(answer.status == commit_status::done);
    return answer.count;
}

std::uint64_t suspend_waiting(message_box& box, const std::string& port, const std::string& group,
                              std::uint32_t count_max) {
    const commit_answer answer =
        commit(box, suspend_waiting_operation{port, group, "port.removed", "the port is gone", count_max});
    CHECK(answer.status == commit_status::done);
    return answer.count;
}

std::string bodies_of(const std::vector<claimed_delivery>& claims) {
    std::string all;
    for (const claimed_delivery& one : claims) {
        all += one.inline_bodies.at(0).value_or("?") + ' ';
    }
    return all;
}

}  // namespace

TEST_CASE_TEMPLATE("a held delivery is queued, not claimed, and not waited for", Store, HAWSER_STORES) {
    Store store;
    auto box = store.open();
    publish(*box, {.ports = {"A"}, .body = "held", .held_for = "G"});
    publish(*box, {.ports = {"A"}, .body = "free"});
    CHECK(bodies_of(claim(*box, "A", 10)) == "free ");
    CHECK_FALSE(box->next_due({"A"}));
    const auto listed = box->list({.port = "A", .state = delivery_state::queued});
    REQUIRE(listed.size() == 1);
    CHECK(listed[0].held_for == "G");
    CHECK(box->list({.port = "A"}).size() == 2);
    CHECK(box->counts().at(0).queued == 1);
    CHECK(box->held_counts().at(0).group == "G");
    CHECK(box->held_counts().at(0).held == 1);
    CHECK(box->show(listed[0].id)->summary.held_for == "G");
}

TEST_CASE_TEMPLATE("a claim says whether an operator resumed it since it was published, or set aside untried", Store,
                   HAWSER_STORES) {
    Store store;
    auto box = store.open();
    publish(*box, {.ports = {"A"}});
    const auto first = claim(*box, "A").at(0);
    CHECK_FALSE(first.was_resumed);
    commit(*box, reschedule_operation{first.token, now(), {}, {}});  // cancelled: no attempt is counted
    const auto cancelled = claim(*box, "A").at(0);
    CHECK_FALSE(cancelled.was_resumed);
    commit(*box, release_operation{cancelled.token});
    const auto set_aside_and_resumed = [&] {
        CHECK(suspend_waiting(*box, "A", "", 10) == 1);
        commit(*box, resume_operation{first.token.delivery, now(), {}});
        return claim(*box, "A").at(0);
    };
    auto resumed = set_aside_and_resumed();
    CHECK(resumed.was_resumed);
    CHECK(resumed.state.total_attempts == 0);
    commit(*box, reschedule_operation{resumed.token, now(), {}, {}});
    resumed = claim(*box, "A").at(0);
    CHECK(resumed.was_resumed);
    commit(*box, release_operation{resumed.token});
    CHECK(set_aside_and_resumed().was_resumed);
}

TEST_CASE_TEMPLATE("one that is held and is resumed alone goes out as a resumed one, and is held for nobody", Store,
                   HAWSER_STORES) {
    Store store;
    auto box = store.open();
    publish(*box, {.ports = {"A"}, .held_for = "G"});
    const delivery_id id = box->list({}).at(0).id;
    CHECK(commit(*box, resume_operation{id, now(), {}}).status == commit_status::done);
    CHECK(box->list({}).at(0).held_for.empty());
    CHECK(box->held_counts().empty());
    CHECK(claim(*box, "A").at(0).was_resumed);
}

TEST_CASE_TEMPLATE("what is held is released a piece at a time, the oldest first, and only of the group", Store,
                   HAWSER_STORES) {
    Store store;
    auto box = store.open();
    for (const char* body : {"1", "2", "3"}) {
        publish(*box, {.ports = {"A"}, .body = body, .held_for = "G"});
    }
    publish(*box, {.ports = {"A"}, .body = "other", .held_for = "H"});
    CHECK(release(*box, "G", 2) == 2);
    CHECK(bodies_of(claim(*box, "A", 10)) == "1 2 ");
    CHECK(release(*box, "G", 2) == 1);
    CHECK(release(*box, "G", 2) == 0);
    CHECK(bodies_of(claim(*box, "A", 10)) == "3 ");
    CHECK(box->held_counts().at(0).group == "H");
}

TEST_CASE_TEMPLATE("released deliveries of an ordered port go out in order of publication, one at a time", Store,
                   HAWSER_STORES) {
    Store store;
    auto box = store.open();
    for (const char* body : {"1", "2"}) {
        publish(*box, {.ports = {"A"}, .body = body, .order_key = "", .held_for = "G"});
    }
    CHECK(claim(*box, "A", 10, true).empty());
    release(*box, "G", 10);
    const auto first = claim(*box, "A", 10, true);
    CHECK(bodies_of(first) == "1 ");
    commit(*box, complete_operation{first.at(0).token, {}});
    CHECK(bodies_of(claim(*box, "A", 10, true)) == "2 ");
}

TEST_CASE_TEMPLATE("a held delivery that has a time keeps it", Store, HAWSER_STORES) {
    Store store;
    auto box = store.open();
    publication message;
    message.message_id = make_uuid();
    message.published_unix_ms = now();
    message.parts.push_back({{.name = "body", .is_body = true}, std::string("later")});
    message.deliveries.push_back({.port = "A", .due_unix_ms = now() + 60'000, .held_for = "G"});
    commit(*box, publish_operation{std::move(message)});
    release(*box, "G", 10);
    CHECK(claim(*box, "A").empty());
    CHECK(bodies_of(claim(*box, "A", 1, false, now() + 61'000)) == "later ");
}

TEST_CASE_TEMPLATE("one that is held is resumed alone, and terminated", Store, HAWSER_STORES) {
    Store store;
    auto box = store.open();
    for (const char* body : {"1", "2", "3"}) {
        publish(*box, {.ports = {"A"}, .body = body, .held_for = "G"});
    }
    const auto listed = box->list({.port = "A"});
    REQUIRE(listed.size() == 3);
    CHECK(commit(*box, resume_operation{listed[1].id, now(), {}}).status == commit_status::done);
    CHECK(commit(*box, terminate_operation{listed[0].id}).status == commit_status::done);
    CHECK(bodies_of(claim(*box, "A", 10)) == "2 ");
    CHECK(release(*box, "G", 10) == 1);
    CHECK(bodies_of(claim(*box, "A", 10)) == "3 ");
}

TEST_CASE_TEMPLATE("all that wait of a port are suspended, resumable, in pieces; what is in flight is not", Store,
                   HAWSER_STORES) {
    Store store;
    auto box = store.open();
    publish(*box, {.ports = {"A"}, .body = "active"});
    const auto active = claim(*box, "A");
    publish(*box, {.ports = {"A"}, .body = "retried"});
    const auto retried = claim(*box, "A");
    commit(*box, reschedule_operation{retried.at(0).token, now() + 60'000, {1, 1}, {.attempt = 1}});
    publish(*box, {.ports = {"A"}, .body = "queued"});
    publish(*box, {.ports = {"A"}, .body = "held", .held_for = "G"});
    publish(*box, {.ports = {"B"}, .body = "of another port"});
    CHECK(suspend_waiting(*box, "A", "", 2) == 2);
    CHECK(suspend_waiting(*box, "A", "", 2) == 1);
    CHECK(suspend_waiting(*box, "A", "", 2) == 0);
    const auto suspended = box->list({.port = "A", .state = delivery_state::suspended});
    REQUIRE(suspended.size() == 3);
    CHECK(suspended[0].code == "port.removed");
    CHECK(box->list({.port = "A", .state = delivery_state::active}).size() == 1);
    CHECK(box->list({.port = "B", .state = delivery_state::queued}).size() == 1);
    CHECK(release(*box, "G", 10) == 0);
    for (const delivery_summary& one : suspended) {
        CHECK(commit(*box, resume_operation{one.id, now(), {}}).status == commit_status::done);
    }
    CHECK(bodies_of(claim(*box, "A", 10)) == "retried queued held ");
}

TEST_CASE_TEMPLATE("what is held for a group is suspended, and nothing else of its ports", Store, HAWSER_STORES) {
    Store store;
    auto box = store.open();
    publish(*box, {.ports = {"A", "B"}, .body = "held", .held_for = "G"});
    publish(*box, {.ports = {"A"}, .body = "queued"});
    CHECK(suspend_waiting(*box, "", "G", 10) == 2);
    CHECK(box->list({.state = delivery_state::suspended}).size() == 2);
    CHECK(bodies_of(claim(*box, "A", 10)) == "queued ");
}

TEST_CASE_TEMPLATE("what is held stays so over a restart", Store, HAWSER_STORES) {
    Store store;
    publish(*store.open(), {.ports = {"A"}, .body = "held", .held_for = "G"});
    auto box = store.open();
    CHECK(claim(*box, "A").empty());
    CHECK(release(*box, "G", 10) == 1);
    CHECK(bodies_of(claim(*box, "A")) == "held ");
}

TEST_CASE_TEMPLATE("a release, a suspension and an empty batch see all that was asked for before them, however much",
                   Store, HAWSER_STORES) {
    constexpr std::uint32_t count = 2000;
    Store store;
    auto box = store.open();
    std::atomic<std::uint32_t> published_count{0};
    std::uint32_t published_before_empty = 0;
    std::uint64_t released_count = 0;
    std::uint64_t suspended_count = 0;
    {
        const busy_store busy(*box);
        for (std::uint32_t i = 0; i < count; ++i) {
            box->commit(publication_batch({.ports = {"A"}, .body = "x", .held_for = "G"}),
                        [&](const commit_answer&) { ++published_count; });
        }
        box->commit({}, [&](const commit_answer&) { published_before_empty = published_count; });
        box->commit(batch_of(release_held_operation{"G", count + 1}),
                    [&](const commit_answer& answer) { released_count = answer.count; });
        box->commit(batch_of(suspend_waiting_operation{"A", "", "port.removed", "gone", count + 1}),
                    [&](const commit_answer& answer) { suspended_count = answer.count; });
    }
    commit_batch(*box, {});
    CHECK(published_before_empty == count);
    CHECK(released_count == count);
    CHECK(suspended_count == count);
}
