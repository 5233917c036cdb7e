// Groups on a host: with it running and not, and across its restarts.
#include <doctest/doctest.h>

#include <algorithm>
#include <future>
#include <stdexcept>

#include "messagebox/message_box.hpp"
#include "runtime/box_calls.hpp"
#include "runtime/host_fixture.hpp"

using namespace hawser;
using namespace hawser::engine;
using namespace hawser::engine::test;

using bodies = std::vector<std::string>;

TEST_CASE_FIXTURE(host_fixture, "a stopped group holds, and lets go of it in order when it is started") {
    write({{"Out", ",\"orderedDelivery\":true"}}, group_of_out);
    start();
    CHECK(submit("0").code == answer_code::accepted);
    CHECK(arrives("Out", {"0"}));
    CHECK(running().set_group_state("G", "stop").text == "stopped");
    const submit_answer held = submit("1", "", wait_for::first_attempt);
    CHECK(held.code == answer_code::accepted);
    CHECK(held.text.find("\"G\" is stopped") != std::string::npos);
    submit("2");
    CHECK(group("G").held == 2);
    CHECK(group("G").state == "stopped");
    CHECK(group("G").ports == bodies{"Out"});
    CHECK(port("Out").queued == 2);
    const auto listed = running().list({});
    REQUIRE(listed.size() == 2);
    CHECK(listed[0].held_for == "G");
    CHECK(listed[0].state == "queued");
    CHECK(submit("direct", "Out", wait_for::end).code == answer_code::done);  // what is not the group's goes on
    CHECK(running().set_group_state("G", "start").text == "started");
    CHECK(arrives("Out", {"0", "direct", "1", "2"}));
    CHECK(group("G").held == 0);
}

TEST_CASE_FIXTURE(host_fixture,
                  "a group's state and what it holds are kept over restarts, and changed without a host") {
    write({{"Out"}}, group_of_out);
    open({.delivers = false});
    CHECK(running().set_group_state("G", "stop").code == answer_code::done);
    CHECK(submit("1").code == answer_code::accepted);
    start();
    CHECK(group("G").state == "stopped");
    CHECK(group("G").held == 1);
    CHECK(running().set_group_state("G", "unenlist").code == answer_code::done);
    CHECK(submit("nobody's").code == answer_code::no_subscriber);
    CHECK(group("G").held == 1);
    open({.delivers = false});
    CHECK(group("G").state == "bound");
    CHECK(running().set_group_state("G", "start").code == answer_code::done);
    CHECK(group("G").held == 0);
    CHECK(port("Out").queued == 1);
    start();
    CHECK(arrives("Out", {"1"}));
    CHECK(running().set_group_state("Out", "stop").code == answer_code::not_found);
    CHECK(running().set_group_state("G", "explode").code == answer_code::bad_input);
}

TEST_CASE_FIXTURE(host_fixture, "what a host that died had still to release is released by the next one") {
    write({{"Out"}}, group_of_out);
    open({.delivers = false});
    running().set_group_state("G", "stop");
    for (int i = 0; i < 3; ++i) {
        submit(std::to_string(i));
    }
    close();
    {
        auto box = open_sqlite_message_box(path("state/box.db").string(), 0);
        REQUIRE(box);
        commit_and_wait(**box, {port_state_operation{"G", "started", "started", true}});
    }
    start();
    CHECK(eventually([&] { return arrived("Out").size() == 3; }));
}

TEST_CASE_FIXTURE(host_fixture, "one held message is let go by a resume, the others stay") {
    write({{"Out"}}, group_of_out);
    start();
    running().set_group_state("G", "stop");
    submit("1");
    submit("2");
    CHECK(running().resume({.message_id = std::to_string(running().list({}).at(1).delivery)}, {}).count == 1);
    CHECK(arrives("Out", {"2"}));
    CHECK(group("G").held == 1);
    CHECK(running().terminate({.message_id = std::to_string(running().list({}).at(0).delivery)}).count == 1);
    CHECK(group("G").held == 0);
}

TEST_CASE_FIXTURE(host_fixture, "a change of everything that says nothing is refused, also through the socket") {
    write({{"Out"}}, group_of_out);
    open({.delivers = false, .serves_clients = true}).start();
    running().set_group_state("G", "stop");
    submit("1");
    const opened<bus> client = connect(path("state/box.db").string());
    REQUIRE_MESSAGE(client.value, client.text);
    for (bus* one : {static_cast<bus*>(&running()), client.value.get()}) {
        CHECK(one->terminate({}).code == answer_code::bad_input);
        CHECK(one->terminate({.message_id = "", .after = 0}).code == answer_code::bad_input);
        CHECK(one->resume({}, {.set = {{.name = "Y.Z", .value = "1"}}}).code == answer_code::bad_input);
        CHECK(one->list({}).size() == 1);
    }
    CHECK(running().terminate({.state = "queued"}).count == 1);
}

TEST_CASE_FIXTURE(host_fixture, "what the engine says of a message, nobody else sets, changes or takes away") {
    write({{"Out", "", "rejected"}});
    start();
    submission message;
    message.port = "Out";
    message.parts = {{.name = "body", .bytes = "x"}};
    for (const char* name : {"BTS.MessageID", "BTS.InterchangeID", "BTS.InterchangeSequenceNumber", "BTS.SPName",
                             "BTS.RetryCount", "BTS.ActualRetryCount", "BTS.ReceivePortName"}) {
        CAPTURE(name);
        message.properties = {{.name = name, .value = "1"}};
        const submit_answer refused = running().submit(message, {});
        CHECK(refused.code == answer_code::bad_input);
        CHECK(refused.text.find(std::string(name) + " cannot be set or taken away") == 0);
    }
    message.properties = {{.name = "BTS.DestinationParty", .value = "P"}};
    const submit_answer taken = running().submit(message, {.wait = wait_for::end});
    REQUIRE(taken.code == answer_code::suspended);
    const auto value = [&](const std::string& name) {
        const std::vector<message_detail> shown = running().show(taken.message_id);
        for (const message_property& one : shown.at(0).properties) {
            if (one.name == name) {
                return one.value + " " + one.type + (one.is_promoted ? " promoted" : "");
            }
        }
        return std::string();
    };
    CHECK(value("BTS.InterchangeID") == taken.message_id + " string promoted");
    CHECK(value("BTS.InterchangeSequenceNumber") == "1 int promoted");
    const message_filter which{.message_id = taken.message_id};
    CHECK(running().resume(which, {.set = {{.name = "BTS.MessageID", .value = "abc"}}}).code == answer_code::bad_input);
    CHECK(running().resume(which, {.unset = {"BTS.InterchangeID"}}).code == answer_code::bad_input);
    CHECK(running().resume(which, {.set = {{.name = "T.Note", .value = "n"}}}).count == 1);
    CHECK(value("T.Note") == "n string promoted");
    CHECK(value("BTS.MessageID") == taken.message_id + " string promoted");
}

TEST_CASE_FIXTURE(host_fixture, "a suspended message is due at no time") {
    write({{"Out", "", "rejected"}});
    start();
    CHECK(submit("x", "Out", wait_for::end).code == answer_code::suspended);
    CHECK(running().list({}).at(0).due_unix_ms == 0);
}

TEST_CASE_FIXTURE(host_fixture, "more than one piece is released, and none of it twice") {
    write({{"Out"}}, group_of_out);
    open({.delivers = false});
    running().set_group_state("G", "stop");
    constexpr std::size_t count = 2100;
    std::atomic<std::size_t> answered{0};
    for (std::size_t i = 0; i < count; ++i) {
        submission message;
        message.properties = {{.name = "T.Kind", .value = "x"}};
        message.parts = {{.name = "body", .bytes = std::to_string(i)}};
        running().submit_async(
            message, [&](const submit_answer& answer) { answered += answer.code == answer_code::accepted ? 1 : 0; });
    }
    REQUIRE(eventually([&] { return answered == count; }));
    start();
    CHECK(group("G").held == count);
    running().set_group_state("G", "start");
    REQUIRE(eventually([&] { return group("G").held == 0 && port("Out").queued == 0 && port("Out").active == 0; }));
    bodies got = arrived("Out");
    CHECK(got.size() == count);
    std::sort(got.begin(), got.end());
    CHECK(std::unique(got.begin(), got.end()) == got.end());
}

TEST_CASE_FIXTURE(host_fixture, "a group that is started lets go also of what was only on its way into the box") {
    write({{"Out"}}, group_of_out);
    open({.delivers = false});
    running().set_group_state("G", "stop");
    submission message;
    message.properties = {{.name = "T.Kind", .value = "x"}};
    message.parts = {{.name = "body", .bytes = "x"}};
    std::promise<void> leave;
    running().submit_async(message, [&](const submit_answer&) { leave.get_future().wait(); });
    std::future<change_answer> started =
        std::async(std::launch::async, [this] { return running().set_group_state("G", "start"); });
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    // Routed when the new state is durable and not yet in force, and not in the box when the release is asked for.
    running().submit_async(message, [&](const submit_answer&) {
        running().submit_async(message, [](const submit_answer&) {});
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    });
    leave.set_value();
    CHECK(started.get().text == "started");
    CHECK(submit("y", "Out").code == answer_code::accepted);  // all before it is in the box
    CHECK(group("G").held == 0);
}

TEST_CASE_FIXTURE(host_fixture, "a port that is started sends also what was only on its way into the box") {
    write({{"Out", ",\"state\":\"stopped\""}, {"Other", ",\"state\":\"stopped\""}});
    start();
    submission message;
    message.port = "Other";
    message.parts = {{.name = "body", .bytes = "x"}};
    std::promise<void> leave;
    running().submit_async(message, [&](const submit_answer&) { leave.get_future().wait(); });
    // More than one transaction takes, so that what comes behind them is overtaken by the started port's first claim.
    constexpr int before = 1100;
    std::shared_future<change_answer> started;
    for (int i = 0; i < before; ++i) {
        running().submit_async(message, [&started, i](const submit_answer&) {
            if (i == before / 2) {
                started.wait();
                std::this_thread::sleep_for(std::chrono::milliseconds(100));  // until it has asked
            }
        });
    }
    std::future<submit_answer> sent = std::async(std::launch::async, [this] { return submit("late", "Out"); });
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    started = std::async(std::launch::async, [this] { return running().set_port_state("Out", "start"); });
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    leave.set_value();
    CHECK(sent.get().code == answer_code::accepted);
    CHECK(started.get().text == "started");
    CHECK(arrives("Out", {"late"}));
}

TEST_CASE_FIXTURE(host_fixture, "a group that is gone from the bindings is shown with what it holds") {
    write({{"Out"}}, group_of_out);
    open({.delivers = false});
    running().set_group_state("G", "stop");
    submit("1");
    write({{"Out"}});
    start();
    CHECK(group("G").state == "gone");
    CHECK(group("G").held == 1);
    CHECK(running().status().warnings.at(0).find("add the group again") != std::string::npos);
}

TEST_CASE_FIXTURE(host_fixture, "a host that stops answers everything first, and then takes no more") {
    write({{"Out"}});
    open({.delivers = false});
    submission message;
    message.port = "Out";
    message.parts = {{.name = "body", .bytes = "x"}};
    std::promise<void> entered;
    std::promise<void> leave;
    running().submit_async(message, [&](const submit_answer&) {
        entered.set_value();
        leave.get_future().wait();
    });
    entered.get_future().wait();  // the store's thread is busy
    std::atomic<bool> is_answered{false};
    running().submit_async(message, [&](const submit_answer& answer) {
        CHECK(answer.code == answer_code::accepted);
        is_answered = true;
    });
    std::future<void> stopped = std::async(std::launch::async, [this] { running().stop(0); });
    CHECK(stopped.wait_for(std::chrono::milliseconds(500)) == std::future_status::timeout);
    std::future<void> stopped_too = std::async(std::launch::async, [this] { running().stop(0); });
    CHECK(stopped_too.wait_for(std::chrono::milliseconds(200)) == std::future_status::timeout);
    leave.set_value();
    stopped.get();
    stopped_too.get();
    CHECK(is_answered);
    const submit_answer late = submit("x", "Out");
    CHECK(late.code == answer_code::not_accepted);
    CHECK(late.text.find("the host is stopping") == 0);
    running().submit_async(message, [&](const submit_answer& answer) {
        CHECK(answer.code == answer_code::not_accepted);
        is_answered = false;
    });
    CHECK_FALSE(is_answered);
}

TEST_CASE_FIXTURE(host_fixture, "a submitter's function that throws harms nobody") {
    write({{"Out"}});
    start();
    submission message;
    message.port = "Out";
    message.parts = {{.name = "body", .bytes = "x"}};
    submission refused = message;
    refused.port = "Nobody";
    std::atomic<int> answered{0};
    for (const submission* one : {&message, &refused}) {
        running().submit_async(*one, [&](const submit_answer&) {
            ++answered;
            throw std::domain_error("not now");
        });
        running().submit_async(*one, [&](const submit_answer&) {
            ++answered;
            throw 42;
        });
    }
    CHECK(eventually([&] { return answered == 4; }));
    CHECK(arrives("Out", {"x", "x"}));
    CHECK(submit("y", "Out", wait_for::end).code == answer_code::done);
    CHECK(answered == 4);
}
