// Delivery on a store that several hosts share: claims are leased, renewed while they are worked on, and let go when
// they are lost.
#include "delivery/delivery_fixture.hpp"
#include "messagebox/reference_box.hpp"

using namespace hawser::engine;
using namespace hawser::engine::test;

namespace {

class shifted_clock final : public hawser::engine::clock {
public:
    std::int64_t unix_ms() const noexcept override { return system_clock().unix_ms(); }
    std::int64_t monotonic_ms() const noexcept override { return system_clock().monotonic_ms() + passed_ms; }
    std::atomic<std::int64_t> passed_ms{0};
};

struct shared_fixture {
    shared_fixture() : mine(store.open_host()), other(store.open_host()) {
        engine = std::make_unique<delivery_engine>(
            *mine, time, delivery_options{.spool_folder = "/tmp"},
            [this](const delivery_report& report) { reports.push_back(report.state); });
        engine->set_port(parts.make_port("A"), true);
        engine->start();
    }
    ~shared_fixture() { engine->stop(0); }
    // For the store and for the engine, which looks at the time when it is woken.
    void pass(std::int64_t ms) {
        store.pass(ms);
        time.passed_ms += ms;
        engine->wake("A");
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    void wait_until_running(int count) {
        for (int i = 0; i < 1000 && parts.adapter.running != count; ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        REQUIRE(parts.adapter.running == count);
    }

    delivery_fixture parts;  // its adapter and ports
    reference_store store;
    shifted_clock time;
    std::unique_ptr<message_box> mine;
    std::unique_ptr<message_box> other;
    std::vector<std::string> reports;
    std::unique_ptr<delivery_engine> engine;
};

}  // namespace

TEST_CASE("a claim is renewed for as long as its message is being sent") {
    shared_fixture f;
    REQUIRE(publish(*f.mine, {.ports = {"A"}, .body = "hold"}).status == commit_status::done);
    f.engine->wake("A");
    f.wait_until_running(1);
    for (int i = 0; i < 6; ++i) {
        f.pass(reference_store::lease_ms / 2);
        CHECK(claim(*f.other, "A").empty());
    }
}

TEST_CASE(
    "a message whose lease ran out goes to another host, and the first one breaks it off and says nothing of it") {
    shared_fixture f;
    REQUIRE(publish(*f.mine, {.ports = {"A"}, .body = "hold"}).status == commit_status::done);
    f.engine->wake("A");
    f.wait_until_running(1);
    f.store.pass(reference_store::lease_ms);  // the host slept: it could not renew in time
    const std::vector<claimed_delivery> taken = claim(*f.other, "A");
    REQUIRE(taken.size() == 1);
    f.time.passed_ms += reference_store::lease_ms;  // now the engine looks after its claims
    f.engine->wake("A");
    f.engine->wait_until_idle();
    CHECK(f.reports.empty());
    CHECK(commit(*f.other, complete_operation{taken[0].token, {}}).status == commit_status::done);
}

TEST_CASE("what another host publishes is delivered here") {
    shared_fixture f;
    REQUIRE(publish(*f.other, {.ports = {"A"}, .body = "ok"}).status == commit_status::done);
    for (int i = 0; i < 1000 && f.parts.adapter.bodies().empty(); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    CHECK(f.parts.adapter.bodies() == std::vector<std::string>{"ok"});
}

TEST_CASE("a delivery that comes back while its first attempt still runs has two, and each ends for itself") {
    shared_fixture f;
    REQUIRE(publish(*f.mine, {.ports = {"A"}, .body = "hold late"}).status == commit_status::done);
    f.engine->wake("A");
    f.wait_until_running(1);
    f.store.pass(reference_store::lease_ms);
    f.engine->wake("A");  // it is due again, and the engine has not looked after its claim
    f.wait_until_running(2);
    f.pass(reference_store::lease_ms);  // now it has
    f.engine->stop(0);
    REQUIRE(f.reports.size() == 1);
    CHECK(f.reports[0] == "retrying");
}
