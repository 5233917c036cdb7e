// Tracking, through the interface: what is kept of deliveries that have ended, how it is found, and how it goes again.
#include <doctest/doctest.h>
#include <sqlite3.h>

#include <algorithm>
#include <thread>

#include "messagebox/sqlite/prune_schedule.hpp"
#include "messagebox/test_box.hpp"

using namespace hawser::engine;
using namespace hawser::engine::test;

namespace {

constexpr std::int64_t hour_ms = 3600 * 1000;

attempt_record delivered_at(std::int64_t ended_unix_ms) {
    return {1, ended_unix_ms - 5, ended_unix_ms, "TEST test:x", "delivered", "", "250 OK"};
}

struct tracked_end {
    std::int64_t ended_unix_ms = now();
    bool keeps_context = true;
    bool keeps_parts = true;
    std::optional<std::string> body_after;
    bool is_staged = false;
};

// Claims the next of the port and completes it.
delivery_id complete(message_box& box, const std::string& port, const tracked_end& wanted) {
    const auto claims = claim(box, port);
    REQUIRE(claims.size() == 1);
    tracked_delivery kept;
    kept.keeps_context = wanted.keeps_context;
    kept.keeps_parts = wanted.keeps_parts;
    kept.context_after = context_of({{"T.After", "yes"}});
    if (wanted.body_after && wanted.is_staged) {
        kept.body_after = stage(box, *wanted.body_after);
    } else if (wanted.body_after) {
        kept.body_after = *wanted.body_after;
    }
    REQUIRE(commit(box, complete_operation{claims[0].token, delivered_at(wanted.ended_unix_ms), kept}).status ==
            commit_status::done);
    return claims[0].token.delivery;
}

std::size_t tracked_count(message_box& box) {
    return box.list({.state = delivery_state::delivered, .count_max = 100'000}).size();
}

std::int64_t query(const box_folder& folder, const char* sql) {
    sqlite3* handle = nullptr;
    REQUIRE(sqlite3_open_v2(folder.box_path().c_str(), &handle, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK);
    sqlite3_stmt* statement = nullptr;
    REQUIRE(sqlite3_prepare_v2(handle, sql, -1, &statement, nullptr) == SQLITE_OK);
    REQUIRE(sqlite3_step(statement) == SQLITE_ROW);
    const std::int64_t value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(handle);
    return value;
}

constexpr const char* tracked_bytes = "SELECT ifnull((SELECT value FROM counter WHERE name='tracked_bytes'),0)";
// The same, added up.
constexpr const char* counted_bytes =
    "SELECT ifnull((SELECT sum(ifnull(length(context_before),0)+ifnull(length(context_after),0)+size_after)"
    " FROM tracked),0) + ifnull((SELECT sum(size+length(context)) FROM message"
    " WHERE NOT EXISTS (SELECT 1 FROM delivery WHERE message=sequence)),0)";

}  // namespace

TEST_CASE("a tracked delivery is found again with its contexts, bodies and history") {
    box_folder folder;
    auto box = folder.open();
    publish(*box, {.ports = {"A"}, .body = "as published"});
    auto claims = claim(*box, "A");
    REQUIRE(claims.size() == 1);
    const delivery_id id = claims[0].token.delivery;
    REQUIRE(
        commit(*box,
               reschedule_operation{
                   claims[0].token, 0, {1, 1, false, "", ""}, {1, 10, 20, "TEST test:x", "retry", "test.busy", "busy"}})
            .status == commit_status::done);
    const std::int64_t ended = now();
    claims = claim(*box, "A");
    REQUIRE(claims.size() == 1);
    tracked_delivery kept{true, true, context_of({{"T.After", "yes"}}), std::string("as sent")};
    attempt_record record = delivered_at(ended);
    record.attempt = 2;
    REQUIRE(commit(*box, complete_operation{claims[0].token, record, kept}).status == commit_status::done);

    CHECK(box->list({}).empty());  // no open delivery
    CHECK(box->list({.port = "A"}).empty());
    const auto found = box->list({.state = delivery_state::delivered});
    REQUIRE(found.size() == 1);
    CHECK(found[0].id == id);
    CHECK(found[0].port == "A");
    CHECK(found[0].attempts == 2);
    CHECK(found[0].size == 12);
    CHECK(found[0].text == "250 OK");
    CHECK(found[0].ended_unix_ms == ended);
    const auto detail = box->show(id);
    REQUIRE(detail);
    CHECK(detail->summary.state == delivery_state::delivered);
    CHECK(detail->context == claims[0].context);
    REQUIRE(detail->context_after);
    CHECK(detail->context_after->text_or("T.After", "") == "yes");
    REQUIRE(detail->parts.size() == 1);
    CHECK(detail->size_after == 7);
    REQUIRE(detail->history.size() == 2);
    CHECK(detail->history[0].code == "test.busy");
    CHECK(detail->history[1].verdict == "delivered");
    CHECK(read_all(*box->open_body(detail->sequence, 0)) == "as published");
    CHECK(read_all(*box->open_tracked_body(id)) == "as sent");
    // It has ended: nobody changes it any more.
    CHECK(commit(*box, resume_operation{id, now(), std::nullopt}).status == commit_status::not_found);
    CHECK(commit(*box, terminate_operation{id}).status == commit_status::not_found);
    CHECK(commit(*box, complete_operation{claims[0].token, {}}).status == commit_status::lost);
}

TEST_CASE("only what is wanted is kept") {
    box_folder folder;
    auto box = folder.open();
    publish(*box, {.ports = {"A"}, .body = "x"});
    const delivery_id id = complete(*box, "A", {.keeps_context = false, .keeps_parts = false});
    const auto detail = box->show(id);
    REQUIRE(detail);
    CHECK(detail->context.all().empty());
    CHECK(detail->parts.empty());
    CHECK_FALSE(detail->size_after);
    CHECK_THROWS_AS(box->open_tracked_body(id), std::runtime_error);
    CHECK_THROWS_AS(box->open_body(detail->sequence, 0), std::runtime_error);
}

TEST_CASE("an edited delivery has its own context before the pipeline") {
    box_folder folder;
    auto box = folder.open();
    publish(*box, {.ports = {"A"}, .body = "x"});
    auto claims = claim(*box, "A");
    commit(*box, suspend_operation{claims.at(0).token, true, "why", "reason", {0, 1, false, "", ""}, {}});
    const message_context edited = context_of({{"SMTP.To", "b@example.org"}});
    commit(*box, resume_operation{claims[0].token.delivery, now(), edited});
    const delivery_id id = complete(*box, "A", {});
    CHECK(box->show(id)->context == edited);
}

TEST_CASE("a terminated delivery is tracked with what it was suspended for") {
    box_folder folder;
    auto box = folder.open();
    publish(*box, {.ports = {"A"}, .body = "x"});
    const auto claims = claim(*box, "A");
    commit(*box, suspend_operation{claims.at(0).token, true, "smtp.refused", "550 no", {0, 1, false, "", ""}, {}});
    REQUIRE(commit(*box, terminate_operation{claims[0].token.delivery, tracked_delivery{true, true, {}, {}}}).status ==
            commit_status::done);
    CHECK(tracked_count(*box) == 0);
    const auto found = box->list({.state = delivery_state::terminated});
    REQUIRE(found.size() == 1);
    CHECK(found[0].code == "smtp.refused");
    CHECK(found[0].text == "550 no");
    CHECK(box->show(found[0].id)->history.size() == 1);
    CHECK(box->show(found[0].id)->parts.size() == 1);
}

TEST_CASE("a batch that is refused tracks nothing, and its bytes do not count") {
    box_folder folder;
    auto box = folder.open();
    publish(*box, {.ports = {"A"}, .body = "x"});
    const auto claims = claim(*box, "A");
    REQUIRE(claims.size() == 1);
    std::vector<operation> batch{
        complete_operation{claims[0].token, delivered_at(now()), tracked_delivery{true, true, {}, "sent"}},
        terminate_operation{999999}};
    CHECK(commit_batch(*box, batch).status == commit_status::not_found);
    CHECK(tracked_count(*box) == 0);
    REQUIRE(
        commit(*box, complete_operation{claims[0].token, delivered_at(now()), tracked_delivery{true, true, {}, "s"}})
            .status == commit_status::done);
    CHECK(tracked_count(*box) == 1);
    CHECK(query(folder, tracked_bytes) == query(folder, counted_bytes));
}

TEST_CASE("kept parts stay until what is tracked of the last port goes, and their files with them") {
    box_folder folder;
    auto box = folder.open();
    const std::string large(200'000, 'b');
    publish(*box, {.ports = {"A", "B", "C"}, .staged = stage(*box, large)});
    const delivery_id a =
        complete(*box, "A", {.ended_unix_ms = now() - 2 * hour_ms, .body_after = large, .is_staged = true});
    const delivery_id b = complete(*box, "B", {.ended_unix_ms = now() - hour_ms, .keeps_parts = false});
    CHECK(query(folder, tracked_bytes) == query(folder, counted_bytes));
    CHECK(query(folder, tracked_bytes) < 300'000);  // the parts belong to C still
    const auto c = claim(*box, "C");
    REQUIRE(c.size() == 1);
    CHECK(commit(*box, complete_operation{c[0].token, {}}).status == commit_status::done);  // not tracked
    CHECK(box->show(c[0].token.delivery) == std::nullopt);
    CHECK(query(folder, tracked_bytes) == query(folder, counted_bytes));
    CHECK(query(folder, tracked_bytes) > 400'000);
    CHECK(folder.body_file_count() == 2);
    CHECK(read_all(*box->open_body(box->show(a)->sequence, 0)) == large);
    box->set_retention({.age_ms = 90 * 60 * 1000, .size_bytes = 1'000'000});
    REQUIRE(becomes([&] { return !box->show(a); }));
    CHECK(box->show(b));
    CHECK(becomes([&] { return folder.body_file_count() == 0; }));
    CHECK(query(folder, tracked_bytes) == query(folder, counted_bytes));
}

TEST_CASE("what is tracked and its files survive a restart, and its size is known without a count") {
    box_folder folder;
    const std::string large(100'000, 'x');
    delivery_id id = 0;
    {
        auto box = folder.open();
        publish(*box, {.ports = {"A"}, .body = "small"});
        id = complete(*box, "A", {.body_after = large, .is_staged = true});
    }
    auto box = folder.open();
    CHECK(read_all(*box->open_tracked_body(id)) == large);
    CHECK(query(folder, tracked_bytes) == query(folder, counted_bytes));
    box->set_retention({.size_bytes = 1000});
    CHECK(becomes([&] { return tracked_count(*box) == 0 && folder.body_file_count() == 0; }));
    CHECK(query(folder, tracked_bytes) == 0);
    CHECK(query(folder, "SELECT count(*) FROM message") == 0);
    CHECK(query(folder, "SELECT count(*) FROM attempt") == 0);
}

TEST_CASE("the oldest go first where the size is passed, and no more of them than need be") {
    box_folder folder;
    auto box = folder.open();
    const std::int64_t start = now() - hour_ms;
    std::vector<delivery_id> ids;
    for (int i = 0; i < 50; ++i) {
        publish(*box, {.ports = {"A"}, .body = std::string(10'000, 'x')});
        // The later half has ended earlier: age is counted from the end.
        ids.push_back(complete(*box, "A", {.ended_unix_ms = start + (i < 25 ? 1000 + i : i)}));
    }
    box->set_retention({.size_bytes = 305'000});
    REQUIRE(becomes([&] { return tracked_count(*box) < 50; }));
    CHECK(becomes([&] { return query(folder, tracked_bytes) <= 305'000; }));
    CHECK(query(folder, tracked_bytes) > 290'000);
    CHECK(box->show(ids[0]));
    CHECK(box->show(ids[24]));
    CHECK_FALSE(box->show(ids[25]));
    CHECK(query(folder, tracked_bytes) == query(folder, counted_bytes));
}

TEST_CASE("a key is forgotten seven days after the last delivery, however long the parts are kept") {
    box_folder folder;
    auto box = folder.open();
    publish(*box, {.ports = {"A", "B"}, .body = "x", .key = "k", .digest = std::string(32, 'a')});
    complete(*box, "A", {});
    CHECK(query(folder, "SELECT expires IS NULL FROM submission_key") == 1);
    complete(*box, "B", {});
    CHECK(query(folder, "SELECT expires IS NOT NULL FROM submission_key") == 1);
}

TEST_CASE("tracked deliveries are found by any filter that open ones are found by") {
    box_folder folder;
    auto box = folder.open();
    std::vector<delivery_id> ids;
    for (int i = 0; i < 60; ++i) {
        publish(*box, {.ports = {i % 3 == 0 ? "A" : "B"}, .body = "x", .message_id = "m" + std::to_string(i)});
        ids.push_back(complete(*box, i % 3 == 0 ? "A" : "B", {.keeps_parts = i % 2 == 0}));
    }
    const auto numbers = [&](delivery_filter filter) {
        std::vector<delivery_id> all;
        for (const delivery_summary& one : box->list(filter)) {
            all.push_back(one.id);
        }
        return all;
    };
    constexpr auto ended = delivery_state::delivered;
    CHECK(numbers({.state = ended}) == ids);
    CHECK(numbers({.port = "A", .state = ended}).size() == 20);
    CHECK(numbers({.port = "nobody", .state = ended}).empty());
    CHECK(numbers({.state = ended, .after = ids[9], .count_max = 3}) == std::vector{ids[10], ids[11], ids[12]});
    CHECK(numbers({.port = "B", .state = ended, .after = ids[9], .count_max = 2}) == std::vector{ids[10], ids[11]});
    CHECK(numbers({.state = ended, .message_id = "m7"}) == std::vector{ids[7]});
    CHECK(numbers({.message_id = "m7"}) == std::vector{ids[7]});  // whatever its state
    CHECK(numbers({.unique_id = box->show(ids[5])->summary.unique_id}) == std::vector{ids[5]});
    CHECK(numbers({.ids = {ids[3], ids[4]}}) == std::vector{ids[3], ids[4]});
    CHECK(numbers({.state = delivery_state::suspended, .ids = {ids[3]}}).empty());
    CHECK(numbers({.port = "A", .ids = {ids[3], ids[4]}}) == std::vector{ids[3]});
    CHECK(numbers({.state = ended, .error = "250 ok"}).size() == 60);
    CHECK(numbers({.state = ended, .error = "550"}).empty());
    CHECK(numbers({.state = ended, .properties = {{"T.After", "no"}}}).empty());
    CHECK(numbers({.state = ended, .published_before_unix_ms = now() - hour_ms}).empty());
    CHECK(numbers({.state = ended, .published_from_unix_ms = now() - hour_ms}).size() == 60);
    CHECK(numbers({.state = ended, .published_from_unix_ms = now() + hour_ms}).empty());
    CHECK(numbers({.state = delivery_state::terminated}).empty());
}

TEST_CASE("an open delivery and a tracked one of the same message are listed together in their order") {
    box_folder folder;
    auto box = folder.open();
    publish(*box, {.ports = {"A", "B", "C"}, .body = "x", .message_id = "m"});
    const delivery_id b = complete(*box, "B", {});
    const auto found = box->list({.message_id = "m"});
    REQUIRE(found.size() == 3);
    CHECK(found[1].id == b);
    CHECK(found[0].state == delivery_state::queued);
    CHECK(std::is_sorted(found.begin(), found.end(), [](const auto& x, const auto& y) { return x.id < y.id; }));
    CHECK(box->list({.message_id = "m", .count_max = 2}).size() == 2);
}

TEST_CASE("under load a piece is pruned once a second, idle for a fifth of the time, far over the limit as if idle") {
    using sqlite::prune_schedule;
    using sqlite::writer_load;
    prune_schedule schedule(1000);
    CHECK(schedule.is_due(1000, writer_load::busy));
    schedule.has_looked(1010, 10, true);
    CHECK_FALSE(schedule.is_due(1049, writer_load::idle));
    CHECK(schedule.wait_ms(1040) == 10);
    CHECK(schedule.is_due(1050, writer_load::idle));
    CHECK(schedule.is_due(1050, writer_load::busy_and_far_over));
    CHECK_FALSE(schedule.is_due(2009, writer_load::busy));
    CHECK(schedule.is_due(2010, writer_load::busy));
    schedule.has_looked(3000, 1, false);
    CHECK_FALSE(schedule.is_due(3000 + prune_schedule::look_interval_ms - 1, writer_load::idle));
    CHECK(schedule.wait_ms(3000) == prune_schedule::look_interval_ms);
    CHECK(schedule.is_due(3000 + prune_schedule::look_interval_ms, writer_load::idle));
    schedule.hurry();
    CHECK(schedule.is_due(3000, writer_load::idle));
    CHECK_FALSE(schedule.is_due(3999, writer_load::busy));
    schedule.has_failed(5000);
    schedule.hurry();
    CHECK_FALSE(schedule.is_due(6000, writer_load::idle));  // not again and again
}

TEST_CASE("the history of what is not tracked goes with it, also of attempts that were not counted") {
    box_folder folder;
    auto box = folder.open();
    publish(*box, {.ports = {"A"}});
    const auto cancelled = claim(*box, "A");
    REQUIRE(cancelled.size() == 1);
    commit(*box, reschedule_operation{cancelled[0].token, now(), {}, {.verdict = "cancelled"}});
    CHECK(query(folder, "SELECT count(*) FROM attempt") == 1);
    const auto again = claim(*box, "A");
    REQUIRE(again.size() == 1);
    REQUIRE(commit(*box, complete_operation{again[0].token, {}}).status == commit_status::done);
    CHECK(query(folder, "SELECT count(*) FROM attempt") == 0);
}
