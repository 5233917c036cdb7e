// More promises of message_box.hpp, through the interface alone: batches and their neighbours, order of publication,
// keys, due times, overlays, tracking, limits, looks.
#include <doctest/doctest.h>

#include <algorithm>
#include <thread>

#include "messagebox/conformance_store.hpp"

using namespace hawser::engine;
using namespace hawser::engine::test;

namespace {

attempt_record record_of(const std::string& verdict) {
    return {1, now() - 5, now(), "TEST test:x", verdict, "test.code", "Some Text"};
}

const std::string large(200'000, 'L');

}  // namespace

// ---- Batches ----

TEST_CASE_TEMPLATE("a bad batch never fails its neighbours, and is itself undone as a whole", Store, HAWSER_STORES) {
    Store store;
    auto box = store.open();
    std::vector<commit_status> statuses(30);
    std::vector<std::promise<void>> answered(statuses.size());
    for (std::size_t i = 0; i < statuses.size(); ++i) {
        std::vector<operation> batch = publication_batch({.ports = {"A"}, .body = std::to_string(i)});
        if (i % 3 == 1) {
            batch.emplace_back(terminate_operation{999'999});
        }
        box->commit(std::move(batch), [&statuses, &answered, i](const commit_answer& answer) {
            statuses[i] = answer.status;
            answered[i].set_value();
        });
    }
    std::vector<std::string> wanted;
    for (std::size_t i = 0; i < statuses.size(); ++i) {
        answered[i].get_future().wait();
        CHECK(statuses[i] == (i % 3 == 1 ? commit_status::not_found : commit_status::done));
        if (i % 3 != 1) {
            wanted.push_back(std::to_string(i));
        }
    }
    std::vector<std::string> bodies;
    for (const claimed_delivery& one : claim(*box, "A", 100)) {
        bodies.push_back(*one.inline_bodies.at(0));
    }
    CHECK(bodies == wanted);  // in the order of the calls
}

TEST_CASE_TEMPLATE("a publication needs a part and a subscriber", Store, HAWSER_STORES) {
    Store store;
    auto box = store.open();
    CHECK(publish(*box, {.ports = {}}).status == commit_status::not_found);
    CHECK(box->list({}).empty());
}

TEST_CASE_TEMPLATE("a result and what follows from it are one", Store, HAWSER_STORES) {
    Store store;
    auto box = store.open();
    publish(*box, {.ports = {"A"}});
    const auto held = claim(*box, "A").at(0);
    std::vector<operation> batch = publication_batch({.ports = {"acknowledgements"}, .body = "ACK"});
    batch.insert(batch.begin(), complete_operation{held.token, {}});
    CHECK(commit_batch(*box, batch).status == commit_status::done);
    CHECK(commit_batch(*box, batch).status == commit_status::lost);  // and no second ACK
    CHECK(box->list({}).size() == 1);
}

// ---- Order, keys, due times ----

TEST_CASE_TEMPLATE("the sequence is given when a publication becomes visible, not when its body was staged", Store,
                   HAWSER_STORES) {
    Store store;
    auto box = store.open();
    const staged_body slow = stage(*box, large);
    publish(*box, {.ports = {"A"}, .body = "quick"});
    publish(*box, {.ports = {"A"}, .staged = slow});
    const auto given = claim(*box, "A", 2);
    REQUIRE(given.size() == 2);
    CHECK(given[0].inline_bodies.at(0) == "quick");
    CHECK(given[0].sequence < given[1].sequence);
    CHECK(given[0].token.delivery < given[1].token.delivery);
}

TEST_CASE_TEMPLATE("of two that stage under the same key the first commit counts, and no body is left over", Store,
                   HAWSER_STORES) {
    Store store;
    auto box = store.open();
    const std::string digest(32, 'a');
    const staged_body one = stage(*box, large);
    const staged_body other = stage(*box, large);
    CHECK(
        publish(*box, {.ports = {"A"}, .key = "k", .digest = digest, .message_id = "second", .staged = other}).status ==
        commit_status::done);
    const auto repeat = publish(*box, {.ports = {"A"}, .key = "k", .digest = digest, .staged = one});
    CHECK(repeat.status == commit_status::already_published);
    CHECK(repeat.message_id == "second");
    CHECK(becomes([&] { return store.large_body_count() == 1; }));
}

TEST_CASE_TEMPLATE("what is published for later is due then, and next_due says when", Store, HAWSER_STORES) {
    Store store;
    auto box = store.open();
    CHECK_FALSE(box->next_due({"A"}));
    const std::int64_t due = now() + 60'000;
    publish(*box, {.ports = {"A"}, .due_unix_ms = due});
    publish(*box, {.ports = {"B"}, .due_unix_ms = due + 5});
    CHECK(claim(*box, "A").empty());
    CHECK(box->next_due({"A"}) == due);
    CHECK(box->next_due({"B", "A"}) == due);
    CHECK_FALSE(box->next_due({"C"}));
    CHECK(claim(*box, "A", 1, false, due).size() == 1);
}

TEST_CASE_TEMPLATE("a claim given back is given again, at once or when it is due, and counts no attempt", Store,
                   HAWSER_STORES) {
    Store store;
    auto box = store.open();
    publish(*box, {.ports = {"A"}});
    auto held = claim(*box, "A").at(0);
    CHECK(commit(*box, release_operation{held.token}).status == commit_status::done);
    CHECK(commit(*box, release_operation{held.token}).status == commit_status::lost);
    const auto again = claim(*box, "A").at(0);
    CHECK(again.token.epoch > held.token.epoch);
    CHECK(again.state.total_attempts == 0);
    const std::int64_t due = now() + 60'000;
    CHECK(commit(*box, release_operation{again.token, due}).status == commit_status::done);
    CHECK(claim(*box, "A").empty());
    CHECK(claim(*box, "A", 1, false, due).size() == 1);
}

// ---- Suspension, overlays ----

TEST_CASE_TEMPLATE("an edit is of one delivery: another one of the message has the context as published", Store,
                   HAWSER_STORES) {
    Store store;
    auto box = store.open();
    publish(*box, {.ports = {"A", "B"}});
    const auto a = claim(*box, "A").at(0);
    commit(*box, suspend_operation{a.token, true, "", "", {3, 4, true, "", ""}, {}});
    const message_context edited = context_of({{"T.Name", "edited"}});
    CHECK(commit(*box, resume_operation{a.token.delivery, now(), edited}).status == commit_status::done);
    const auto again = claim(*box, "A").at(0);
    CHECK(again.context == edited);
    CHECK(again.unique_id != a.unique_id);
    CHECK(again.state.attempt == 0);  // it has its retries anew …
    CHECK_FALSE(again.state.is_on_backup);
    CHECK(again.state.total_attempts == 4);  // … and its history
    CHECK_FALSE(claim(*box, "B").at(0).context == edited);
}

TEST_CASE_TEMPLATE("one that has a resume state is resumed on the transport that it is on, and keeps the state", Store,
                   HAWSER_STORES) {
    Store store;
    auto box = store.open();
    for (const bool is_on_backup : {true, false}) {
        for (const auto& edit : {std::optional<message_context>{}, std::optional(context_of({{"T.Name", "edited"}}))}) {
            publish(*box, {.ports = {"A"}});
            const auto a = claim(*box, "A").at(0);
            commit(*box, suspend_operation{a.token, true, "", "", {3, 4, is_on_backup, "D a@x", "TEST b"}, {}});
            CHECK(commit(*box, resume_operation{a.token.delivery, now(), edit}).status == commit_status::done);
            const auto again = claim(*box, "A").at(0);
            CHECK(again.state.is_on_backup == is_on_backup);
            CHECK(again.state.resume_state == "D a@x");
            CHECK(again.state.attempt == 0);
            CHECK(again.context == edit.value_or(a.context));
        }
    }
}

TEST_CASE_TEMPLATE("only what waits for a person or its retry can be resumed, and what is in flight not terminated",
                   Store, HAWSER_STORES) {
    Store store;
    auto box = store.open();
    publish(*box, {.ports = {"A"}});
    const auto held = claim(*box, "A").at(0);
    const delivery_id id = held.token.delivery;
    CHECK(commit(*box, resume_operation{id, now(), {}}).status == commit_status::not_found);
    CHECK(commit(*box, terminate_operation{id}).status == commit_status::not_found);
    CHECK(commit(*box, resume_operation{id + 1000, now(), {}}).status == commit_status::not_found);
    commit(*box, reschedule_operation{held.token, now() + 60'000, {1, 1, false, "", ""}, {}});
    CHECK(commit(*box, resume_operation{id, now(), {}}).status == commit_status::done);  // at once
    CHECK(claim(*box, "A").size() == 1);
}

// ---- Tracking and retention ----

TEST_CASE_TEMPLATE("what is tracked of a delivery is there until the retention removes it", Store, HAWSER_STORES) {
    Store store;
    auto box = store.open();
    publish(*box, {.ports = {"A"}, .message_id = "tracked", .staged = stage(*box, large)});
    const auto held = claim(*box, "A").at(0);
    tracked_delivery kept{true, true, context_of({{"T.After", "yes"}}), stage(*box, large + "after")};
    CHECK(commit(*box, complete_operation{held.token, record_of("delivered"), std::move(kept)}).status ==
          commit_status::done);
    CHECK(box->list({}).empty());
    REQUIRE(box->list({.state = delivery_state::delivered}).size() == 1);
    CHECK(box->list({.message_id = "tracked"}).size() == 1);
    const auto shown = box->show(held.token.delivery);
    REQUIRE(shown);
    CHECK(shown->context == held.context);
    REQUIRE(shown->context_after);
    CHECK(shown->context_after->text_or("T.After", "") == "yes");
    CHECK(shown->size_after == large.size() + 5);
    REQUIRE(shown->history.size() == 1);
    CHECK(read_all(*box->open_tracked_body(held.token.delivery)) == large + "after");
    CHECK(read_all(*box->open_body(shown->sequence, 0)) == large);
    box->set_retention({.size_bytes = 1000});
    CHECK(becomes([&] { return !box->show(held.token.delivery); }));
    CHECK(becomes([&] { return store.large_body_count() == 0; }));
    CHECK_THROWS_AS(box->open_tracked_body(held.token.delivery), std::runtime_error);
    CHECK_THROWS_AS(box->open_body(shown->sequence, 0), std::runtime_error);
}

TEST_CASE_TEMPLATE("a delivery that ends untracked leaves nothing, one that failed or was terminated its state", Store,
                   HAWSER_STORES) {
    Store store;
    auto box = store.open();
    publish(*box, {.ports = {"A"}});
    publish(*box, {.ports = {"B"}});
    publish(*box, {.ports = {"C"}});
    const auto a = claim(*box, "A").at(0);
    commit(*box, complete_operation{a.token, record_of("delivered")});
    CHECK_FALSE(box->show(a.token.delivery));
    const auto b = claim(*box, "B").at(0);
    commit(*box, complete_operation{b.token, record_of("failed"), tracked_delivery{true, false, {}, {}}});
    CHECK(box->show(b.token.delivery)->summary.state == delivery_state::failed);
    const delivery_id c = box->list({.port = "C"}).at(0).id;
    CHECK(commit(*box, terminate_operation{c, tracked_delivery{true, false, {}, {}}}).status == commit_status::done);
    CHECK(box->list({.state = delivery_state::terminated}).at(0).id == c);
}

// ---- Limits ----

TEST_CASE_TEMPLATE("beyond the depth publications are refused, and neither repeats nor what comes with a result", Store,
                   HAWSER_STORES) {
    Store store;
    auto box = store.open();
    const std::string digest(32, 'd');
    box->set_limits({.queue_depth_max = 2});
    CHECK(publish(*box, {.ports = {"A", "B"}, .key = "k", .digest = digest}).status == commit_status::done);
    CHECK(publish(*box, {.ports = {"A"}}).status == commit_status::refused);
    CHECK(box->warnings().size() == 1);
    CHECK(publish(*box, {.ports = {"A"}, .key = "k", .digest = digest}).status == commit_status::already_published);
    std::vector<operation> batch = publication_batch({.ports = {"acknowledgements"}, .body = "ACK"});
    batch.insert(batch.begin(), complete_operation{claim(*box, "A").at(0).token, {}});
    CHECK(commit_batch(*box, std::move(batch)).status == commit_status::done);
    commit(*box, suspend_operation{claim(*box, "B").at(0).token, true, "", "", {}, {}});
    CHECK(publish(*box, {.ports = {"A"}}).status == commit_status::done);
}

// ---- Looks ----

TEST_CASE_TEMPLATE("lists fit every filter, alone and together, in order and in pages", Store, HAWSER_STORES) {
    Store store;
    auto box = store.open();
    commit(*box, index_operation{{"T.Name"}});
    for (int i = 0; i < 6; ++i) {
        publish(*box, {.ports = {i % 2 == 0 ? "A" : "B"}, .message_id = "m" + std::to_string(i)});
    }
    const auto all = box->list({});
    REQUIRE(all.size() == 6);
    const auto held = claim(*box, "A", 1).at(0);
    commit(*box, suspend_operation{held.token, false, "smtp.Refused", "No Such User", {1, 1, false, "", ""}, {}});
    const auto later = claim(*box, "A", 1).at(0);
    commit(*box, suspend_operation{later.token, true, "c", "t", {1, 1, false, "", ""}, {}});
    commit(*box, resume_operation{later.token.delivery, now() + 60'000, context_of({{"T.Name", "v"}})});
    claim(*box, "B", 1);
    const auto ids = [&](const delivery_filter& filter) {
        std::vector<delivery_id> found;
        for (const delivery_summary& one : box->list(filter)) {
            found.push_back(one.id);
        }
        return found;
    };
    using list = std::vector<delivery_id>;
    CHECK(ids({.port = "B"}) == list{all[1].id, all[3].id, all[5].id});
    CHECK(ids({.state = delivery_state::suspended}) == list{all[0].id});
    CHECK(ids({.state = delivery_state::suspended_not_resumable}) == list{all[0].id});
    CHECK(ids({.state = delivery_state::retrying}) == list{all[2].id});
    CHECK(ids({.state = delivery_state::active}) == list{all[1].id});
    CHECK(ids({.state = delivery_state::queued}) == list{all[3].id, all[4].id, all[5].id});
    CHECK(ids({.message_id = "m4"}) == list{all[4].id});
    CHECK(ids({.unique_id = all[3].unique_id}) == list{all[3].id});
    CHECK(ids({.ids = {all[5].id, all[0].id}}) == list{all[0].id, all[5].id});
    CHECK(ids({.error = "no such"}) == list{all[0].id});
    CHECK(ids({.error = "REFUSED"}) == list{all[0].id});
    CHECK(ids({.properties = {{"T.Name", "v"}}}) == list{all[2].id});
    CHECK(ids({.port = "B", .properties = {{"T.Name", "v"}}}).empty());
    CHECK(ids({.published_from_unix_ms = now() + 1000}).empty());
    CHECK(ids({.published_before_unix_ms = now() + 1000}).size() == 6);
    CHECK(ids({.after = all[3].id, .count_max = 1}) == list{all[4].id});
    std::map<std::string, port_counts> counts;
    for (const port_counts& one : box->counts()) {
        counts[one.port] = one;
    }
    CHECK(counts["A"].queued == 1);
    CHECK(counts["A"].retrying == 1);
    CHECK(counts["A"].suspended == 1);
    CHECK(counts["B"].active == 1);
    CHECK(counts["B"].queued == 2);
}

TEST_CASE_TEMPLATE("the states of ports are kept for the next host", Store, HAWSER_STORES) {
    Store store;
    auto box = store.open();
    CHECK(commit(*box, port_state_operation{"A", "stopped", "started"}).status == commit_status::done);
    store.let_die(std::move(box));
    const auto states = store.open()->port_states();
    REQUIRE(states.size() == 1);
    CHECK(states[0].port == "A");
    CHECK(states[0].state == "stopped");
    CHECK(states[0].declared == "started");
}
