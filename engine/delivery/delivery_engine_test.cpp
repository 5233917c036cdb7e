// Delivery against a real message box, with an adapter of the test's own behind the ABI.
#include "delivery/delivery_engine.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "messagebox/test_box.hpp"
#include "plugins/bridge/service_tables.hpp"

using namespace hawser::engine;
using namespace hawser::engine::test;

namespace {

// Answers what the body's first word says: "ok", "retry" (once), "refuse"; "hold" waits until it is cancelled.
class test_adapter {
public:
    static const hawser_send_adapter* table() {
        static const hawser_send_adapter made{
            sizeof(hawser_send_adapter), 0, &test_adapter::transmit, nullptr, nullptr, nullptr, [](void*) {}};
        return &made;
    }
    std::vector<std::string> bodies() {
        const std::lock_guard lock(mutex_);
        return bodies_;
    }
    std::atomic<int> running{0};
    std::atomic<int> running_max{0};

private:
    static const hawser_delivery_api& api() {
        return *static_cast<const hawser_delivery_api*>(delivery_service_table());
    }

    static void transmit(void* self, hawser_delivery* delivery) {
        auto& adapter = *static_cast<test_adapter*>(self);
        const int now_running = ++adapter.running;
        adapter.running_max = std::max(adapter.running_max.load(), now_running);
        char bytes[256];
        std::int64_t size = 0;
        while ((size = api().body_read(delivery, bytes, sizeof bytes, nullptr)) == HAWSER_WOULD_BLOCK) {
            std::this_thread::yield();
        }
        const std::string body(bytes, static_cast<std::size_t>(std::max<std::int64_t>(size, 0)));
        bool is_first = false;
        {
            const std::lock_guard lock(adapter.mutex_);
            is_first = adapter.seen_[body]++ == 0;
            adapter.bodies_.push_back(body);
        }
        if (body.rfind("hold", 0) == 0) {
            api().on_cancel(delivery, &test_adapter::cancelled, delivery);
            return;
        }
        --adapter.running;
        answer(delivery, body.rfind("refuse", 0) == 0              ? HAWSER_REJECTED
                         : body.rfind("retry", 0) == 0 && is_first ? HAWSER_RETRY
                                                                   : HAWSER_DELIVERED);
    }
    static void cancelled(void* delivery) { answer(static_cast<hawser_delivery*>(delivery), HAWSER_RETRY); }
    static void answer(hawser_delivery* delivery, std::uint32_t verdict) {
        hawser_outcome outcome{};
        outcome.struct_size = sizeof outcome;
        outcome.verdict = verdict;
        outcome.code = to_abi("test.answer");
        api().complete(delivery, &outcome);
    }

    std::mutex mutex_;
    std::map<std::string, int> seen_;
    std::vector<std::string> bodies_;
};

struct fixture {
    fixture() : box(folder.open()) {
        engine = std::make_unique<delivery_engine>(*box, system_clock(),
                                                   delivery_options{.spool_folder = "/tmp", .cancel_wait_ms = 5000},
                                                   [this](const delivery_report& report) {
                                                       const std::lock_guard lock(mutex);
                                                       reports.push_back(report);
                                                       changed.notify_all();
                                                   });
    }
    void add_port(const std::string& name, bool is_ordered = false, bool is_started = true,
                  const tracking_options& tracking = {}) {
        auto port = std::make_shared<send_port_runtime>();
        port->name = name;
        port->environment.port = name;
        port->pipeline = std::make_unique<pipeline>(std::vector<std::unique_ptr<component_instance>>{},
                                                    seal_requirement::as_configured);
        port->primary.type = "TEST";
        port->primary.address = "test:" + name;
        port->primary.retry_interval_ms = 1;
        port->primary.adapter = std::make_shared<adapter_instance>(
            descriptor, std::make_unique<instance_host>(services, "TEST", 0), std::make_unique<instance_config>(),
            hawser_instance{test_adapter::table(), &adapter});
        port->is_ordered = is_ordered;
        port->tracking = tracking;
        engine->set_port(port, is_started);
    }
    void send(const std::string& port, const std::string& body) {
        REQUIRE(publish(*box, {.ports = {port}, .body = body}).status == commit_status::done);
        engine->wake(port);
    }
    std::vector<delivery_report> wait_for(std::size_t count) {
        std::unique_lock lock(mutex);
        REQUIRE(changed.wait_for(lock, std::chrono::seconds(20), [&] { return reports.size() >= count; }));
        return reports;
    }

    box_folder folder;
    std::unique_ptr<message_box> box;
    test_adapter adapter;
    hawser_descriptor descriptor{};
    engine_services services{nullptr, nullptr, &system_clock()};
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<delivery_report> reports;
    std::unique_ptr<delivery_engine> engine;  // last: it reports into the others
};

}  // namespace

TEST_CASE("messages are delivered, also those that were queued before the start") {
    fixture f;
    f.add_port("A");
    f.send("A", "ok before");
    f.engine->start();
    f.send("A", "ok after");
    f.wait_for(2);
    f.engine->wait_until_idle();
    CHECK(f.box->list({}).empty());
}

TEST_CASE("a retry is tried again by itself, a refusal is suspended with its reason") {
    fixture f;
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
    fixture f;
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
    fixture f;
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
    fixture f;
    f.add_port("A", false, false);
    f.engine->start();
    f.send("A", "ok");
    f.engine->wait_until_idle();
    CHECK(f.box->list({}).size() == 1);
    f.engine->set_started("A", true);
    CHECK(f.wait_for(1)[0].state == "delivered");
}

TEST_CASE("what was in flight in three crashes is suspended instead of ending the host again") {
    fixture f;
    f.add_port("A");
    publish(*f.box, {.ports = {"A"}, .body = "ok"});
    for (int i = 0; i < 3; ++i) {
        REQUIRE(claim(*f.box, "A").size() == 1);
        f.engine.reset();
        f.box.reset();  // as a crash leaves it: claimed, with no outcome
        f.box = f.folder.open();
        f.engine = std::make_unique<delivery_engine>(*f.box, system_clock(), delivery_options{.spool_folder = "/tmp"},
                                                     [&f](const delivery_report& report) {
                                                         const std::lock_guard lock(f.mutex);
                                                         f.reports.push_back(report);
                                                         f.changed.notify_all();
                                                     });
    }
    f.add_port("A");
    f.engine->start();
    const delivery_report report = f.wait_for(1)[0];
    CHECK(report.state == "suspended");
    CHECK(report.code == "delivery.crashed");
    CHECK(f.adapter.bodies().empty());
}

TEST_CASE("what a port tracks is kept with the delivery's end, of the attempt that succeeded") {
    fixture f;
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
    fixture f;
    f.add_port("Tracked", false, true, {true, true, true, true});
    f.engine->start();
    f.send("Tracked", "refuse");
    f.wait_for(1);
    CHECK(f.box->list({.state = delivery_state::suspended}).size() == 1);
    CHECK(f.box->list({.state = delivery_state::delivered}).empty());
    CHECK(f.folder.body_file_count() == 0);
}
