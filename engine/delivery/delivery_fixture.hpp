// Shared by the tests of delivery: an engine on a real message box, with an adapter of the tests' own behind the ABI.
#pragma once

#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "delivery/attempt.hpp"
#include "delivery/delivery_engine.hpp"
#include "messagebox/test_box.hpp"
#include "plugins/bridge/service_tables.hpp"

namespace hawser::engine::test {

// Answers what the body's first words say: "ok", "retry" (once), "refuse", "refuse once"; "hold" waits until it is
// cancelled, "hold late" a while longer.
class test_adapter {
public:
    ~test_adapter() {
        for (late_delivery& one : late_) {
            if (one.answering.joinable()) {
                one.answering.join();
            }
        }
    }
    static const hawser_send_adapter* table() {
        static const hawser_send_adapter made{
            sizeof(hawser_send_adapter), 0, &test_adapter::transmit, nullptr, nullptr, nullptr, [](void*) {}};
        return &made;
    }
    struct sent {
        std::string body;
        message_context context;
        std::int64_t at_ms = 0;  // monotonic
    };
    std::vector<std::string> bodies() {
        const std::lock_guard lock(mutex_);
        std::vector<std::string> all;
        for (const sent& one : sent_) {
            all.push_back(one.body);
        }
        return all;
    }
    std::vector<sent> all_sent() {
        const std::lock_guard lock(mutex_);
        return sent_;
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
            adapter.sent_.push_back(
                {body, delivery_handle::from(delivery).message().context(), system_clock().monotonic_ms()});
        }
        if (body.rfind("hold", 0) == 0) {
            if (body == "hold late") {
                const std::lock_guard lock(adapter.mutex_);
                adapter.late_.push_back({delivery, {}});
                api().on_cancel(delivery, &test_adapter::cancelled_late, &adapter.late_.back());
            } else {
                api().on_cancel(delivery, &test_adapter::cancelled, delivery);
            }
            return;
        }
        --adapter.running;
        answer(delivery, body.rfind("refuse", 0) == 0 && (is_first || body.rfind("refuse once", 0) != 0)
                             ? HAWSER_REJECTED
                         : body.rfind("retry", 0) == 0 && is_first ? HAWSER_RETRY
                                                                   : HAWSER_DELIVERED);
    }
    static void cancelled(void* delivery) { answer(static_cast<hawser_delivery*>(delivery), HAWSER_RETRY); }
    static void cancelled_late(void* user) {
        late_delivery& one = *static_cast<late_delivery*>(user);
        one.answering = std::thread([delivery = one.delivery] {
            std::this_thread::sleep_for(std::chrono::milliseconds(300));
            cancelled(delivery);
        });
    }
    static void answer(hawser_delivery* delivery, std::uint32_t verdict) {
        hawser_outcome outcome{};
        outcome.struct_size = sizeof outcome;
        outcome.verdict = verdict;
        outcome.code = to_abi("test.answer");
        api().complete(delivery, &outcome);
    }

    struct late_delivery {
        hawser_delivery* delivery;
        std::thread answering;
    };

    std::mutex mutex_;
    std::map<std::string, int> seen_;
    std::vector<sent> sent_;
    std::deque<late_delivery> late_;
};

struct delivery_fixture {
    delivery_fixture() : box(folder.open()) { engine = make_engine(*box); }
    std::unique_ptr<delivery_engine> make_engine(message_box& store) {
        delivery_options options;
        options.cancel_wait_ms = cancel_wait_ms;
        options.spool_folder = "/tmp";
        options.route = [this](const message_context& context) {
            return route ? route(context) : std::vector<new_delivery>{};
        };
        options.held_late = [this](const std::string& group) {
            const std::lock_guard lock(mutex);
            held_late.push_back(group);
        };
        return std::make_unique<delivery_engine>(store, system_clock(), std::move(options),
                                                 [this](const delivery_report& report) {
                                                     const std::lock_guard lock(mutex);
                                                     reports.push_back(report);
                                                     changed.notify_all();
                                                 });
    }
    std::shared_ptr<send_port_runtime> make_port(const std::string& name) {
        auto port = std::make_shared<send_port_runtime>();
        port->name = name;
        port->environment.port = name;
        port->pipeline = std::make_unique<pipeline>(std::vector<std::unique_ptr<component_instance>>{},
                                                    seal_requirement::as_configured);
        port->primary = make_transport("test:" + name);
        return port;
    }
    transport_runtime make_transport(const std::string& address) {
        transport_runtime made;
        made.type = "TEST";
        made.address = address;
        made.address_scheme = "test";
        made.address_property = "TEST.To";
        made.retry_interval_ms = 1;
        made.adapter = std::make_shared<adapter_instance>(
            descriptor, std::make_unique<instance_host>(services, "TEST", 0), std::make_unique<instance_config>(),
            hawser_instance{test_adapter::table(), &adapter});
        return made;
    }
    void add_port(const std::string& name, bool is_ordered = false, bool is_started = true,
                  const tracking_options& tracking = {}) {
        const std::shared_ptr<send_port_runtime> port = make_port(name);
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
    std::vector<std::string> held_late;       // the groups that the engine told of
    std::int64_t cancel_wait_ms = 5000;       // of the next engine
    route_function route;                     // who subscribes to what the engine publishes; set it before the start
    std::unique_ptr<delivery_engine> engine;  // last: it reports into the others
};

}  // namespace hawser::engine::test
