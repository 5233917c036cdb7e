// What an attempt made durable is where the next one goes on, however it ended: nobody gets a message twice.
#include <doctest/doctest.h>

#include <array>
#include <functional>

#include "delivery/delivery_fixture.hpp"
#include "delivery/delivery_outcome.hpp"

using namespace hawser::engine;
using namespace hawser::engine::test;

namespace {

// Stores "D a@x" in its first attempt, and ends it as it is told; delivers in the second one.
class checkpointing_adapter {
public:
    static const hawser_send_adapter* table() {
        static const hawser_send_adapter made{
            sizeof(hawser_send_adapter), 0, &checkpointing_adapter::transmit, nullptr, nullptr, nullptr, [](void*) {}};
        return &made;
    }
    std::vector<std::string> states_given() {
        const std::lock_guard lock(mutex_);
        return states_given_;
    }
    std::function<void(hawser_outcome&)> ends_first_attempt;

private:
    struct open_delivery {
        checkpointing_adapter& adapter;
        hawser_delivery* delivery;
    };

    static void transmit(void* self, hawser_delivery* delivery) {
        auto& adapter = *static_cast<checkpointing_adapter*>(self);
        delivery_handle& handle = delivery_handle::from(delivery);
        bool is_first = false;
        {
            const std::lock_guard lock(adapter.mutex_);
            is_first = adapter.states_given_.empty();
            adapter.states_given_.emplace_back(handle.resume_state());
        }
        if (is_first) {
            handle.checkpoint("D a@x", &checkpointing_adapter::stored, new open_delivery{adapter, delivery});
        } else {
            complete(delivery, HAWSER_DELIVERED, {});
        }
    }
    static void stored(void* user, hawser_status status) {
        const std::unique_ptr<open_delivery> one(static_cast<open_delivery*>(user));
        CHECK(status == HAWSER_OK);
        complete(one->delivery, HAWSER_RETRY, one->adapter.ends_first_attempt);
    }
    static void complete(hawser_delivery* delivery, std::uint32_t verdict,
                         const std::function<void(hawser_outcome&)>& change) {
        hawser_outcome outcome{};
        outcome.struct_size = sizeof outcome;
        outcome.verdict = verdict;
        if (change) {
            change(outcome);
        }
        delivery_handle::from(delivery).complete(outcome);
    }

    std::mutex mutex_;
    std::vector<std::string> states_given_;
};

struct checkpoint_fixture : delivery_fixture {
    checkpoint_fixture() {
        const std::shared_ptr<send_port_runtime> port = make_port("A");
        port->primary = make_checkpointing("test:A");
        engine->set_port(port, true);
        engine->start();
    }
    transport_runtime make_checkpointing(const std::string& address) {
        transport_runtime made = make_transport(address);
        made.retry_count = 1;
        made.adapter = std::make_shared<adapter_instance>(
            descriptor, std::make_unique<instance_host>(services, "TEST", 0), std::make_unique<instance_config>(),
            hawser_instance{checkpointing_adapter::table(), &checkpointing});
        return made;
    }
    void resume(delivery_id id) {
        REQUIRE(commit(*box, resume_operation{id, now(), {}}).status == commit_status::done);
        engine->wake("A");
    }
    ~checkpoint_fixture() { engine.reset(); }
    checkpointing_adapter checkpointing;
};

const std::string too_long(resume_state_size_max + 1, 'x');

hawser_outcome outcome_of(std::uint32_t verdict) {
    hawser_outcome outcome{};
    outcome.struct_size = sizeof outcome;
    outcome.verdict = verdict;
    outcome.code = to_abi("test.code");
    return outcome;
}

}  // namespace

TEST_CASE("what an attempt stored in its midst is given to the next one, though its outcome brings no resume state") {
    checkpoint_fixture f;
    f.send("A", "mail");
    CHECK(f.wait_for(2).at(1).state == "delivered");
    CHECK(f.checkpointing.states_given() == std::vector<std::string>{"", "D a@x"});
}

TEST_CASE("a plugin that misbehaves at the end does not undo what it stored before") {
    checkpoint_fixture f;
    f.checkpointing.ends_first_attempt = [](hawser_outcome& outcome) { outcome.verdict = 99; };
    f.send("A", "mail");
    CHECK(f.wait_for(2).at(0).code == "plugin.misbehaving");
    CHECK(f.checkpointing.states_given() == std::vector<std::string>{"", "D a@x"});
}

TEST_CASE("an outcome's own resume state is newer than what was stored before it") {
    checkpoint_fixture f;
    f.checkpointing.ends_first_attempt = [](hawser_outcome& outcome) { outcome.resume_state = to_abi("D a@x b@x"); };
    f.send("A", "mail");
    f.wait_for(2);
    CHECK(f.checkpointing.states_given() == std::vector<std::string>{"", "D a@x b@x"});
}

TEST_CASE("where the resume state is too long the message is suspended, with what was stored before") {
    checkpoint_fixture f;
    f.checkpointing.ends_first_attempt = [](hawser_outcome& outcome) { outcome.resume_state = to_abi(too_long); };
    f.send("A", "mail");
    const delivery_report told = f.wait_for(1).at(0);
    CHECK(told.state == "suspended");
    CHECK(told.text.find("over the limit") != std::string::npos);
    f.resume(told.delivery);
    f.wait_for(2);
    CHECK(f.checkpointing.states_given() == std::vector<std::string>{"", "D a@x"});
}

TEST_CASE("a message of which the backup transport settled a part is resumed there: the primary knows nothing of it") {
    checkpoint_fixture f;
    const std::shared_ptr<send_port_runtime> port = f.make_port("A");
    port->primary.retry_count = 0;
    port->backup = f.make_checkpointing("test:backup");
    f.engine->set_port(port, true);
    const std::array<hawser_recipient_result, 2> recipients{
        {{to_abi("a@x"), HAWSER_DELIVERED, 250, {}, {}}, {to_abi("b@x"), HAWSER_REJECTED, 550, {}, {}}}};
    f.checkpointing.ends_first_attempt = [&recipients](hawser_outcome& outcome) {
        outcome.verdict = HAWSER_PARTIAL;
        outcome.recipients = recipients.data();
        outcome.recipient_count = recipients.size();
    };
    f.send("A", "refuse");
    const delivery_report told = f.wait_for(2).at(1);
    CHECK(told.state == "suspended");
    f.resume(told.delivery);
    CHECK(f.wait_for(3).at(2).state == "delivered");
    CHECK(f.checkpointing.states_given() == std::vector<std::string>{"", "D a@x"});
    CHECK(f.adapter.bodies().size() == 1);  // the primary, before the backup had it
}

TEST_CASE("a resume state that is too long takes nothing else of the outcome with it") {
    hawser_outcome outcome = outcome_of(HAWSER_DELIVERED);
    outcome.resume_state = to_abi(too_long);
    const delivery_outcome copied = copy_outcome(outcome);
    CHECK(copied.verdict == verdict::delivered);
    CHECK(copied.code == "test.code");
    CHECK(copied.has_lost_state);
    CHECK(copied.resume_state.empty());
}

TEST_CASE("an outcome that contradicts itself keeps its resume state") {
    hawser_outcome outcome = outcome_of(HAWSER_PARTIAL);  // without recipients
    outcome.resume_state = to_abi("D a@x");
    const delivery_outcome copied = copy_outcome(outcome);
    CHECK(copied.code == "plugin.misbehaving");
    CHECK(copied.resume_state == "D a@x");
}
