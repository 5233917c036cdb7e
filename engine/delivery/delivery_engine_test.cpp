// Delivery against a real message box.
#include "delivery/delivery_fixture.hpp"

using namespace hawser::engine;
using namespace hawser::engine::test;

TEST_CASE("messages are delivered, also those that were queued before the start") {
    delivery_fixture f;
    f.add_port("A");
    f.send("A", "ok before");
    f.engine->start();
    f.send("A", "ok after");
    f.wait_for(2);
    f.engine->wait_until_idle();
    CHECK(f.box->list({}).empty());
}

TEST_CASE("a retry is tried again by itself, a refusal is suspended with its reason") {
    delivery_fixture f;
    f.add_port("A");
    f.engine->start();
    f.send("A", "retry once");
    const auto reports = f.wait_for(2);
    CHECK(reports[0].state == "retrying");
    CHECK(reports[1].state == "delivered");
    f.send("A", "refuse it");
    CHECK(f.wait_for(3)[2].state == "suspended");
    CHECK(f.box->list({.state = delivery_state::suspended}).at(0).code == "test.answer");
}

TEST_CASE("an ordered port sends one at a time in order of publication, also over a retry") {
    delivery_fixture f;
    f.add_port("O", true);
    const std::vector<std::string> bodies{"ok 1", "retry 2", "ok 3", "ok 4", "retry 5", "ok 6"};
    for (const std::string& body : bodies) {
        f.send("O", body);
    }
    f.engine->start();
    f.wait_for(8);
    CHECK(f.adapter.bodies() ==
          std::vector<std::string>{"ok 1", "retry 2", "retry 2", "ok 3", "ok 4", "retry 5", "retry 5", "ok 6"});
    CHECK(f.adapter.running_max == 1);
}

TEST_CASE("a port whose messages hang holds up no other, and stopping cancels and keeps them") {
    delivery_fixture f;
    f.add_port("Hangs");
    f.add_port("Works");
    f.engine->start();
    for (int i = 0; i < 100; ++i) {
        f.send("Hangs", "hold " + std::to_string(i));
        f.send("Works", "ok " + std::to_string(i));
    }
    CHECK(f.wait_for(100)[99].port == "Works");
    f.engine->stop(0);
    CHECK(f.box->list({.port = "Hangs", .count_max = 1000}).size() == 100);
    CHECK(f.box->counts().at(0).active == 0);
    CHECK(f.box->list({.port = "Works"}).empty());
}

TEST_CASE("a stopped port keeps its messages until it is started") {
    delivery_fixture f;
    f.add_port("A", false, false);
    f.engine->start();
    f.send("A", "ok");
    f.engine->wait_until_idle();
    CHECK(f.box->list({}).size() == 1);
    f.engine->set_started("A", true);
    CHECK(f.wait_for(1)[0].state == "delivered");
}

TEST_CASE("a port outside its service window lets who waits for the end of all work go on") {
    delivery_fixture f;
    const std::shared_ptr<send_port_runtime> port = f.make_port("A");
    port->primary.window = service_window{0, 0, 0, "UTC"};  // on no day
    f.engine->set_port(port, true);
    std::future<void> idle = std::async(std::launch::async, [&f] { f.engine->wait_until_idle(); });
    std::this_thread::sleep_for(std::chrono::milliseconds(50));  // it waits already
    f.engine->start();
    CHECK(idle.wait_for(std::chrono::seconds(10)) == std::future_status::ready);
    f.engine->stop(0);
}

TEST_CASE("what was in flight in three crashes is suspended instead of ending the host again") {
    delivery_fixture f;
    f.add_port("A");
    publish(*f.box, {.ports = {"A"}, .body = "ok"});
    for (int i = 0; i < 3; ++i) {
        REQUIRE(claim(*f.box, "A", 1, false, now() + second_crash_wait_ms).size() == 1);
        f.engine.reset();
        f.box.reset();  // as a crash leaves it: claimed, with no outcome
        f.box = f.folder.open();
        f.engine = f.make_engine(*f.box);
    }
    f.add_port("A");
    f.engine->start();
    const delivery_report report = f.wait_for(1)[0];
    CHECK(report.state == "suspended");
    CHECK(report.code == "delivery.crashed");
    CHECK(f.adapter.bodies().empty());
}

TEST_CASE("what a port tracks is kept with the delivery's end, of the attempt that succeeded") {
    delivery_fixture f;
    f.add_port("Tracked", false, true, {true, true, true, true});
    f.add_port("Plain");
    f.engine->start();
    f.send("Tracked", "retry and then good");
    f.send("Plain", "ok");
    f.wait_for(3);
    const auto found = f.box->list({.state = delivery_state::delivered});
    REQUIRE(found.size() == 1);
    const auto detail = f.box->show(found[0].id);
    REQUIRE(detail);
    CHECK(detail->summary.port == "Tracked");
    CHECK(detail->history.size() == 2);
    CHECK(detail->parts.size() == 1);
    CHECK(detail->context.find("BTS.SPName") == nullptr);  // as published
    REQUIRE(detail->context_after);
    CHECK(detail->context_after->text_or("BTS.SPName", "") == "Tracked");
    REQUIRE(detail->size_after == 19);
    char bytes[100];
    const std::size_t size = f.box->open_tracked_body(found[0].id)->read(bytes, sizeof bytes);
    CHECK(std::string(bytes, size) == "retry and then good");
}

TEST_CASE("what fails for good is not tracked: it is there as it was, suspended") {
    delivery_fixture f;
    f.add_port("Tracked", false, true, {true, true, true, true});
    f.engine->start();
    f.send("Tracked", "refuse");
    f.wait_for(1);
    CHECK(f.box->list({.state = delivery_state::suspended}).size() == 1);
    CHECK(f.box->list({.state = delivery_state::delivered}).empty());
    CHECK(f.folder.body_file_count() == 0);
}
