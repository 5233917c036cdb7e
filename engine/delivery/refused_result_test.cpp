// Results that the message box cannot take, or takes late: kept, offered again and waited for, also while the engine
// stops. And claims that it refuses: they are asked again.
#include <doctest/doctest.h>

#include <future>

#include "delivery/delivery_fixture.hpp"
#include "support/fault_vfs.hpp"

using namespace hawser::engine;
using namespace hawser::engine::test;

namespace {

constexpr std::uint64_t writes_a_refusal = 2;  // with its group, then alone

struct faulty_disk {  // opened before the box
    hawser::test::fault_vfs disk{"faulty", hawser::test::vfs_role::process_default};
};

struct refusing_fixture : faulty_disk, delivery_fixture {};

// One message is being sent, by an engine that hardly waits for the attempts that it has cancelled.
void send_impatiently(delivery_fixture& f, const std::string& body) {
    f.cancel_wait_ms = 10;
    f.engine = f.make_engine(*f.box);
    f.add_port("A");
    f.engine->start();
    f.send("A", body);
    REQUIRE(becomes([&f] { return f.adapter.running == 1; }));
}

// Two are claimed of which only one may be sent at a time.
void send_one_of_two(delivery_fixture& f) {
    f.engine->set_destinations({{"test:*", 1, {}}});
    f.add_port("A");
    f.add_port("B");
    f.send("A", "hold");
    f.send("B", "hold too");
    f.engine->start();
    REQUIRE(
        becomes([&f] { return f.adapter.running == 1 && f.box->list({.state = delivery_state::active}).size() == 2; }));
}

}  // namespace

TEST_CASE("a result that the box refused during the stop is offered again until the disk takes it") {
    refusing_fixture f;
    f.add_port("A");
    f.engine->start();
    f.send("A", "hold");
    REQUIRE(becomes([&f] { return f.adapter.running == 1; }));
    f.disk.inject({.code = SQLITE_IOERR_WRITE, .file_suffix = "-wal", .count = writes_a_refusal});
    f.engine->stop(0);  // the adapter answers when it is cancelled
    CHECK(f.disk.struck_count() == writes_a_refusal);
    CHECK(f.box->list({}).at(0).state == delivery_state::queued);  // its result is durable
}

TEST_CASE("the groups are told of for which a refused result was held when it was durable at last, and of no others") {
    refusing_fixture f;
    bool is_refused = false;
    f.route = [&](const message_context&) {
        if (std::exchange(is_refused, false)) {
            f.disk.inject({.code = SQLITE_IOERR_WRITE, .file_suffix = "-wal", .count = writes_a_refusal});
        }
        return std::vector<new_delivery>{{.port = "Acks", .held_for = "G"}};
    };
    const std::shared_ptr<send_port_runtime> port = f.make_port("A");
    port->notifies_delivery = true;
    f.engine->set_port(port, true);
    f.engine->start();
    f.send("A", "ok");
    f.wait_for(1);
    CHECK(f.held_late.empty());
    is_refused = true;
    f.send("A", "ok too");
    f.wait_for(2);
    CHECK(f.disk.struck_count() == writes_a_refusal);
    CHECK(f.held_late == std::vector<std::string>{"G"});
}

TEST_CASE("what the box refused to take back during the stop is offered again, and counts no crash") {
    refusing_fixture f;
    send_one_of_two(f);
    f.disk.inject({.code = SQLITE_IOERR_WRITE, .file_suffix = "-wal", .count = writes_a_refusal});
    f.engine->stop(0);
    CHECK(f.disk.struck_count() == writes_a_refusal);
    f.box.reset();
    f.box = f.folder.open();
    for (const delivery_summary& one : f.box->list({})) {
        CHECK(one.state == delivery_state::queued);
        CHECK(one.attempts == 0);
    }
}

TEST_CASE("what the box refused to take back while the host runs is offered again, and goes out") {
    refusing_fixture f;
    send_one_of_two(f);
    const std::string waits = f.adapter.bodies().at(0) == "hold" ? "B" : "A";
    f.disk.inject({.code = SQLITE_IOERR_WRITE, .file_suffix = "-wal", .count = writes_a_refusal});
    f.engine->set_started(waits, false);  // so it is given back
    REQUIRE(becomes([&f] { return f.disk.struck_count() == writes_a_refusal; }));
    CHECK(becomes([&] { return f.box->list({.port = waits}).at(0).state == delivery_state::queued; }));
    f.engine->set_destinations({});
    f.engine->set_started(waits, true);
    CHECK(becomes([&f] { return f.adapter.running == 2; }));
    f.engine->stop(0);
}

TEST_CASE("an engine that stops stays until the box has answered it, however long that takes") {
    delivery_fixture f;
    send_impatiently(f, "hold");
    std::optional<busy_store> busy(*f.box);
    std::future<void> gone = std::async(std::launch::async, [&f] { f.engine.reset(); });
    CHECK(gone.wait_for(std::chrono::milliseconds(500)) == std::future_status::timeout);
    busy.reset();
    gone.get();
    CHECK(f.box->list({}).at(0).state == delivery_state::queued);
    CHECK(f.reports.size() == 1);
}

TEST_CASE("an engine that stops stays until an adapter that is slow to end has let go of the attempt") {
    delivery_fixture f;
    send_impatiently(f, "hold late");
    f.engine.reset();
    CHECK(f.reports.size() == 1);
    CHECK(f.box->list({}).at(0).state == delivery_state::queued);
}

TEST_CASE("an engine that stops does not wait for a box that takes no result: the attempt counts as crashed") {
    refusing_fixture f;
    send_impatiently(f, "hold");
    f.disk.inject({.code = SQLITE_IOERR_WRITE, .file_suffix = "-wal", .count = 1000});
    f.engine.reset();
    CHECK(f.reports.empty());
    CHECK(f.box->list({}).at(0).state == delivery_state::active);
}

TEST_CASE("a port that could not be asked together with one that has nothing is asked again") {
    refusing_fixture f;
    f.add_port("A");
    f.add_port("B");
    REQUIRE(publish(*f.box, {.ports = {"A"}, .body = "ok"}).status == commit_status::done);
    std::uint64_t failed_writes = 0;
    SUBCASE("as long as the claim is tried") { failed_writes = writes_a_refusal; }
    SUBCASE("for longer than that") { failed_writes = 2 * writes_a_refusal; }
    f.disk.inject({.code = SQLITE_IOERR_WRITE, .file_suffix = "-wal", .count = failed_writes});
    f.engine->start();
    CHECK(becomes([&f] { return f.adapter.bodies() == std::vector<std::string>{"ok"}; }));
    CHECK(f.disk.struck_count() == failed_writes);
}
