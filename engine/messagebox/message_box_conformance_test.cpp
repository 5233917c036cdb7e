// The promises of message_box.hpp, through the interface alone: any store has to pass them (conformance_store.hpp).
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <future>
#include <thread>

#include "base/uuid.hpp"
#include "messagebox/conformance_store.hpp"

using namespace hawser::engine;
using namespace hawser::engine::test;

TEST_CASE_TEMPLATE("a published message is claimed once, with its parts, and gone when it is complete", Store,
                   HAWSER_STORES) {
    Store store;
    auto box = store.open();
    CHECK(publish(*box, {.ports = {"A"}, .body = "hello"}).status == commit_status::done);
    auto claims = claim(*box, "A");
    REQUIRE(claims.size() == 1);
    CHECK(claims[0].inline_bodies.at(0) == "hello");
    CHECK(claims[0].state.total_attempts == 0);
    CHECK(claim(*box, "A").empty());
    CHECK(commit(*box, complete_operation{claims[0].token, {}}).status == commit_status::done);
    CHECK(box->list({}).empty());
    CHECK(commit(*box, complete_operation{claims[0].token, {}}).status == commit_status::lost);
}

TEST_CASE_TEMPLATE("a message goes to each of its ports once, and its body stays until the last is done", Store,
                   HAWSER_STORES) {
    Store store;
    auto box = store.open();
    publish(*box, {.ports = {"A", "B"}, .body = "shared"});
    const auto a = claim(*box, "A");
    REQUIRE(a.size() == 1);
    CHECK(commit(*box, complete_operation{a[0].token, {}}).status == commit_status::done);
    const auto b = claim(*box, "B");
    REQUIRE(b.size() == 1);
    CHECK(b[0].inline_bodies.at(0) == "shared");
    CHECK(a[0].unique_id != b[0].unique_id);
}

TEST_CASE_TEMPLATE("claims come by priority, then in order of publication", Store, HAWSER_STORES) {
    Store store;
    auto box = store.open();
    publish(*box, {.ports = {"A"}, .body = "1", .priority = 5});
    publish(*box, {.ports = {"A"}, .body = "2", .priority = 1});
    publish(*box, {.ports = {"A"}, .body = "3", .priority = 5});
    std::string order;
    for (const auto& one : claim(*box, "A", 10)) {
        order += *one.inline_bodies.at(0);
    }
    CHECK(order == "213");
}

TEST_CASE_TEMPLATE("one in eight claims is the oldest, so that urgent messages never hold back the others for ever",
                   Store, HAWSER_STORES) {
    Store store;
    auto box = store.open();
    publish(*box, {.ports = {"A"}, .body = "old", .priority = 10});
    for (int i = 0; i < 20; ++i) {
        publish(*box, {.ports = {"A"}, .body = "urgent", .priority = 1});
    }
    std::vector<std::string> order;
    for (int i = 0; i < 8; ++i) {
        const auto claims = claim(*box, "A", 1);
        REQUIRE(claims.size() == 1);
        order.push_back(*claims[0].inline_bodies.at(0));
    }
    CHECK(std::count(order.begin(), order.end(), "old") == 1);
    CHECK(order.front() == "urgent");
}

TEST_CASE_TEMPLATE("a delivery given back and claimed again in one transaction belongs to its new claim", Store,
                   HAWSER_STORES) {
    Store store;
    auto box = store.open();
    publish(*box, {.ports = {"A"}, .body = "x"});
    const auto first = claim(*box, "A");
    REQUIRE(first.size() == 1);
    // Both wait for the writer together: it takes them in one transaction in most rounds.
    claim_token token = first[0].token;
    for (int round = 0; round < 200; ++round) {
        std::promise<std::vector<claimed_delivery>> given;
        box->commit({reschedule_operation{token, 0, {}, {}}}, nullptr);
        box->claim({{"A", 1, false}}, now(),
                   [&given](result<std::vector<claimed_delivery>> claims) { given.set_value(std::move(*claims)); });
        const auto again = given.get_future().get();
        REQUIRE(again.size() == 1);
        token = again[0].token;
        REQUIRE(commit(*box, renew_operation{token}).status == commit_status::done);
    }
    CHECK(commit(*box, renew_operation{first[0].token}).status == commit_status::lost);
    CHECK(commit(*box, complete_operation{token, {}}).status == commit_status::done);
}

TEST_CASE_TEMPLATE("an ordered port keeps the order of each key by itself", Store, HAWSER_STORES) {
    Store store;
    auto box = store.open();
    const auto publish_to = [&](const std::string& location, const std::string& body) {
        publish(*box, {.ports = {"D"}, .body = body, .order_key = location});
    };
    publish_to("x", "x1");
    publish_to("x", "x2");
    publish_to("y", "y1");
    publish_to("y", "y2");
    const auto first = claim(*box, "D", 10, true);
    REQUIRE(first.size() == 2);
    CHECK(*first[0].inline_bodies.at(0) == "x1");
    CHECK(*first[1].inline_bodies.at(0) == "y1");
    CHECK(claim(*box, "D", 10, true).empty());
    commit(*box, reschedule_operation{first[0].token, now() + 60000, {1, 1, false, "", ""}, {}});
    commit(*box, complete_operation{first[1].token, {}});
    const auto second = claim(*box, "D", 10, true);
    REQUIRE(second.size() == 1);  // x waits for its retry
    CHECK(*second[0].inline_bodies.at(0) == "y2");
}

TEST_CASE_TEMPLATE("a port that becomes ordered has its earlier messages in order too", Store, HAWSER_STORES) {
    Store store;
    auto box = store.open();
    publish(*box, {.ports = {"A"}, .body = "1"});
    publish(*box, {.ports = {"A"}, .body = "2", .order_key = ""});
    const auto first = claim(*box, "A", 10, true);
    REQUIRE(first.size() == 1);
    CHECK(*first[0].inline_bodies.at(0) == "1");
}

TEST_CASE_TEMPLATE("a staged body that no commit will name can be discarded", Store, HAWSER_STORES) {
    Store store;
    auto box = store.open();
    const std::string large(200 * 1024, 'L');
    auto stager = box->stage_body();
    REQUIRE(stager->append(large.data(), large.size()));
    const staged_body staged = stager->finish().value();
    CHECK(store.large_body_count() == 1);
    box->discard_body(staged);
    CHECK(store.large_body_count() == 0);
}

TEST_CASE_TEMPLATE("a part may be shared with another message, and stays until the last of them is done", Store,
                   HAWSER_STORES) {
    Store store;
    auto box = store.open();
    auto stager = box->stage_body();
    const std::string large(200 * 1024, 'L');
    REQUIRE(stager->append(large.data(), large.size()));
    publish(*box, {.ports = {"A"}, .staged = stager->finish().value()});
    publish(*box, {.ports = {"A"}, .body = "small"});
    for (int i = 0; i < 2; ++i) {
        const auto original = claim(*box, "A");
        REQUIRE(original.size() == 1);
        publication copy;
        copy.message_id = make_uuid();
        copy.parts.push_back({original[0].parts.at(0), stored_part{original[0].sequence, 0}});
        copy.deliveries.push_back({"copies", 5, 0, false, ""});
        CHECK(commit_batch(*box, {publish_operation{std::move(copy)}, complete_operation{original[0].token, {}}})
                  .status == commit_status::done);
    }
    const auto copies = claim(*box, "copies", 2);
    REQUIRE(copies.size() == 2);
    CHECK(!copies[0].inline_bodies.at(0));
    std::string read(300 * 1024, ' ');
    const auto reader = box->open_body(copies[0].sequence, 0);
    std::size_t size = 0;
    while (const std::size_t more = reader->read(read.data() + size, read.size() - size)) {
        size += more;
    }
    CHECK(std::string_view(read).substr(0, size) == large);
    CHECK(copies[1].inline_bodies.at(0) == "small");
    CHECK(store.large_body_count() == 1);
    commit(*box, complete_operation{copies[0].token, {}});
    box.reset();
    CHECK(store.large_body_count() == 0);
}

TEST_CASE_TEMPLATE("a rescheduled delivery waits for its time and keeps its identity, attempts and resume state", Store,
                   HAWSER_STORES) {
    Store store;
    auto box = store.open();
    publish(*box, {.ports = {"A"}, .body = "x"});
    const auto first = claim(*box, "A");
    REQUIRE(first.size() == 1);
    reschedule_operation later{
        first[0].token, now() + 60000, {1, 1, false, "state", "scope"}, {1, 1, 2, "T", "retry", "c", "t"}};
    CHECK(commit(*box, later).status == commit_status::done);
    CHECK(claim(*box, "A").empty());
    CHECK(box->next_due({"A"}) == later.due_unix_ms);
    const auto second = claim(*box, "A", 1, false, now() + 60001);
    REQUIRE(second.size() == 1);
    CHECK(second[0].unique_id == first[0].unique_id);
    CHECK(second[0].state.total_attempts == 1);
    CHECK(second[0].state.resume_state == "state");
    CHECK(second[0].token.epoch > first[0].token.epoch);
    CHECK(commit(*box, complete_operation{first[0].token, {}}).status == commit_status::lost);
    const auto shown = box->show(second[0].token.delivery);
    REQUIRE(shown);
    REQUIRE(shown->history.size() == 1);
    CHECK(shown->history[0].verdict == "retry");
}

TEST_CASE_TEMPLATE("an ordered port gives one at a time and none while one waits for its retry", Store, HAWSER_STORES) {
    Store store;
    auto box = store.open();
    publish(*box, {.ports = {"O"}, .body = "1"});
    publish(*box, {.ports = {"O"}, .body = "2"});
    auto first = claim(*box, "O", 5, true);
    REQUIRE(first.size() == 1);
    CHECK(claim(*box, "O", 5, true).empty());
    CHECK(commit(*box, reschedule_operation{first[0].token, now() + 60000, {1, 1, false, "", ""}, {}}).status ==
          commit_status::done);
    CHECK(claim(*box, "O", 5, true).empty());
    first = claim(*box, "O", 5, true, now() + 60001);
    REQUIRE(first.size() == 1);
    CHECK(first[0].inline_bodies.at(0) == "1");
    commit(*box, complete_operation{first[0].token, {}});
    CHECK(claim(*box, "O", 5, true).at(0).inline_bodies.at(0) == "2");
}

TEST_CASE_TEMPLATE("a key publishes once: the same content is a repeat, other content a conflict", Store,
                   HAWSER_STORES) {
    Store store;
    auto box = store.open();
    CHECK(
        publish(*box, {.ports = {"A"}, .body = "x", .key = "k", .digest = std::string(32, 'a'), .message_id = "first"})
            .status == commit_status::done);
    const auto repeat = publish(*box, {.ports = {"A"}, .body = "x", .key = "k", .digest = std::string(32, 'a')});
    CHECK(repeat.status == commit_status::already_published);
    CHECK(repeat.message_id == "first");
    CHECK(publish(*box, {.ports = {"A"}, .body = "y", .key = "k", .digest = std::string(32, 'b')}).status ==
          commit_status::key_conflict);
    CHECK(box->list({}).size() == 1);
    commit(*box, complete_operation{claim(*box, "A").at(0).token, {}});
    CHECK(publish(*box, {.ports = {"A"}, .body = "x", .key = "k", .digest = std::string(32, 'a')}).status ==
          commit_status::already_published);
}

TEST_CASE_TEMPLATE("a batch is all or nothing", Store, HAWSER_STORES) {
    Store store;
    auto box = store.open();
    publish(*box, {.ports = {"A"}, .body = "x"});
    const auto held = claim(*box, "A");
    REQUIRE(held.size() == 1);
    std::vector<operation> batch{complete_operation{held[0].token, {}}, terminate_operation{999999}};
    CHECK(commit_batch(*box, batch).status == commit_status::not_found);
    CHECK(box->list({}).size() == 1);
    CHECK(commit(*box, complete_operation{held[0].token, {}}).status == commit_status::done);
}

TEST_CASE_TEMPLATE("suspended deliveries are resumed, edited with a new identity, or terminated", Store,
                   HAWSER_STORES) {
    Store store;
    auto box = store.open();
    publish(*box, {.ports = {"A"}, .body = "x"});
    auto held = claim(*box, "A");
    REQUIRE(held.size() == 1);
    const delivery_id id = held[0].token.delivery;
    CHECK(commit(*box, suspend_operation{held[0].token, true, "why", "reason", {0, 1, false, "", ""}, {}}).status ==
          commit_status::done);
    CHECK(box->list({.state = delivery_state::suspended}).size() == 1);
    message_context edited;
    REQUIRE(edited.set("SMTP.To", {.value = "b@example.org"}));
    CHECK(commit(*box, resume_operation{id, now(), edited}).status == commit_status::done);
    const auto again = claim(*box, "A");
    REQUIRE(again.size() == 1);
    CHECK(again[0].unique_id != held[0].unique_id);
    CHECK(again[0].context == edited);
    CHECK(commit(*box, terminate_operation{id}).status == commit_status::not_found);  // in flight
    CHECK(commit(*box, suspend_operation{again[0].token, false, "why", "reason", {}, {}}).status ==
          commit_status::done);
    CHECK(commit(*box, resume_operation{id, now(), std::nullopt}).status == commit_status::not_found);
    CHECK(commit(*box, terminate_operation{id}).status == commit_status::done);
    CHECK(box->list({}).empty());
}

TEST_CASE_TEMPLATE("a staged body is read back in any pieces, and is removed with its message", Store, HAWSER_STORES) {
    Store store;
    auto box = store.open();
    std::string bytes(1000003, '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = static_cast<char>(i * 7 + i / 251);
    }
    auto stager = box->stage_body();
    REQUIRE(stager->append(bytes.data(), 500000));
    REQUIRE(stager->append(bytes.data() + 500000, bytes.size() - 500000));
    auto staged = stager->finish();
    REQUIRE(staged);
    CHECK(staged->size == bytes.size());
    CHECK(publish(*box, {.ports = {"A"}, .staged = *staged}).status == commit_status::done);
    const auto held = claim(*box, "A");
    REQUIRE(held.size() == 1);
    CHECK_FALSE(held[0].inline_bodies.at(0));
    auto reader = box->open_body(held[0].sequence, 0);
    std::string back(bytes.size() + 1, '\0');
    std::size_t size = 0;
    while (const std::size_t got = reader->read(back.data() + size, std::min<std::size_t>(4099, back.size() - size))) {
        size += got;
    }
    back.resize(size);
    CHECK(back == bytes);
    commit(*box, complete_operation{held[0].token, {}});
    box.reset();
    CHECK(store.large_body_count() == 0);
}

TEST_CASE_TEMPLATE("many publishers and claimers at once lose and repeat nothing", Store, HAWSER_STORES) {
    Store store;
    auto box = store.open();
    constexpr int publishers = 4;
    constexpr int each = 100;
    std::vector<std::thread> threads;
    for (int p = 0; p < publishers; ++p) {
        threads.emplace_back([&box] {
            for (int i = 0; i < each; ++i) {
                publish(*box, {.ports = {"A"}, .body = "x"});
            }
        });
    }
    std::set<std::string> seen;
    std::size_t count = 0;
    while (count < publishers * each) {
        for (const auto& one : claim(*box, "A", 16)) {
            seen.insert(one.message_id);
            ++count;
            commit(*box, complete_operation{one.token, {}});
        }
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    CHECK(seen.size() == publishers * each);
    CHECK(box->list({}).empty());
}
