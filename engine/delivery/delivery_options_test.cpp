// The transport options of spec section 4 against a real message box: what an operator sees of them.
#include <algorithm>

#include "delivery/delivery_fixture.hpp"

using namespace hawser::engine;
using namespace hawser::engine::test;

namespace {

publication make_publication(const std::string& port, const std::string& body,
                             const std::map<std::string, std::string>& properties = {}) {
    publication message = test::make_publication({.ports = {port}, .body = body});
    for (const auto& [name, value] : properties) {
        REQUIRE(message.context.set(name, {value, property_type::string, property_origin::message, true}));
    }
    return message;
}

void send(delivery_fixture& f, publication message) {
    const std::string port = message.deliveries.front().port;
    REQUIRE(commit(*f.box, publish_operation{std::move(message)}).status == commit_status::done);
    f.engine->wake(port);
}

// Sends every message about a delivery (ACK, NACK, failed message) to the port "Notes".
std::vector<new_delivery> to_notes(const message_context& context) {
    return context.find("BTS.AckType") != nullptr || context.find("ErrorReport.ErrorType") != nullptr
               ? std::vector<new_delivery>{{"Notes"}}
               : std::vector<new_delivery>{};
}

const test_adapter::sent* find_sent(const std::vector<test_adapter::sent>& all, const std::string& port,
                                    const std::string& property, const std::string& value) {
    for (const test_adapter::sent& one : all) {
        if (one.context.text_or("BTS.SPName", "") == port && one.context.text_or(property, "") == value) {
            return &one;
        }
    }
    return nullptr;
}

std::ptrdiff_t hanging_count(delivery_fixture& f) {  // that were sent, and wait until they are cancelled
    const std::vector<std::string> bodies = f.adapter.bodies();
    return std::count_if(bodies.begin(), bodies.end(), [](const std::string& one) { return one.starts_with("hold"); });
}

}  // namespace

TEST_CASE("a port's rate spaces its attempts") {
    delivery_fixture f;
    auto port = f.make_port("A");
    port->rate = {20, 1000};
    f.engine->set_port(port, true);
    for (int i = 0; i < 11; ++i) {
        f.send("A", "ok " + std::to_string(i));
    }
    f.engine->start();
    f.wait_for(11);
    const auto sent = f.adapter.all_sent();
    CHECK(sent.back().at_ms - sent.front().at_ms >= 480);  // ten intervals of 50 ms
}

TEST_CASE("a destination's limit holds over ports, and other destinations go on") {
    delivery_fixture f;
    f.engine->set_destinations({{"test:slow-*", 1, {}}});
    for (const char* name : {"slow-1", "slow-2", "fast"}) {
        f.engine->set_port(f.make_port(name), true);
    }
    for (int i = 0; i < 5; ++i) {
        f.send("slow-1", "hold " + std::to_string(i));
        f.send("slow-2", "hold " + std::to_string(i));
        f.send("fast", "ok " + std::to_string(i));
    }
    f.engine->start();
    f.wait_for(5);
    CHECK(hanging_count(f) <= 1);
    f.engine->stop(0);
    CHECK(f.box->list({.state = delivery_state::active}).empty());
}

TEST_CASE("on a dynamic port a destination that is full holds up no other") {
    delivery_fixture f;
    f.engine->set_destinations({{"test:slow", 1, {}}});
    auto port = f.make_port("D");
    port->is_dynamic = true;
    port->in_flight_max = 4;
    port->dynamic_transports.push_back(f.make_transport(""));
    port->allowed_locations = {"test:*"};
    f.engine->set_port(port, true);
    for (int i = 0; i < 8; ++i) {
        send(f, make_publication("D", "hold " + std::to_string(i), {{"BTS.OutboundTransportLocation", "test:slow"}}));
    }
    send(f, make_publication("D", "ok", {{"BTS.OutboundTransportLocation", "test:fast"}}));
    send(f, make_publication("D", "ok not allowed", {{"BTS.OutboundTransportLocation", "mailto:x"}}));
    f.engine->start();
    const auto reports = f.wait_for(2);
    CHECK(hanging_count(f) <= 1);
    for (const delivery_report& one : reports) {
        CHECK((one.state == "delivered" || one.code == "delivery.location-not-allowed"));
    }
    const auto sent = f.adapter.all_sent();
    CHECK(find_sent(sent, "D", "TEST.To", "test:fast") != nullptr);
}

TEST_CASE("in order by location a destination that is full holds up no other location") {
    delivery_fixture f;
    f.engine->set_destinations({{"test:slow*", 1, {}}});
    auto port = f.make_port("D");
    port->is_dynamic = port->is_ordered = port->is_ordered_by_location = true;
    port->in_flight_max = 4;
    port->dynamic_transports.push_back(f.make_transport(""));
    port->allowed_locations = {"test:*"};
    f.engine->set_port(port, true);
    const auto send_to = [&f](const std::string& location, const std::string& body) {
        publication made = make_publication("D", body, {{"BTS.OutboundTransportLocation", location}});
        made.deliveries[0].is_ordered = true;
        made.deliveries[0].order_key = location;
        send(f, std::move(made));
    };
    send_to("test:slow-1", "hold");
    send_to("test:slow-2", "hold too");
    for (const char* body : {"ok 1", "ok 2", "ok 3"}) {
        send_to("test:fast", body);
        send_to("test:other", body);
    }
    f.engine->start();
    f.wait_for(6);
    CHECK(hanging_count(f) <= 1);
    f.engine->stop(0);
    CHECK(f.box->list({.state = delivery_state::queued}).size() == 2);
}

TEST_CASE("a message that is too old for its first attempt is suspended unsent, and sent once it is resumed") {
    delivery_fixture f;
    auto port = f.make_port("A");
    port->maximum_age_ms = 1000;
    f.engine->set_port(port, true);
    publication old = make_publication("A", "ok");
    old.published_unix_ms -= 2000;
    send(f, std::move(old));
    f.engine->start();
    CHECK(f.wait_for(1)[0].code == "delivery.expired");
    CHECK(f.adapter.bodies().empty());
    const auto found = f.box->list({.state = delivery_state::suspended});
    REQUIRE(found.size() == 1);
    REQUIRE(commit(*f.box, resume_operation{found[0].id, now()}).status == commit_status::done);
    f.engine->wake("A");
    CHECK(f.wait_for(2)[1].state == "delivered");
}

TEST_CASE("the backup transport is told why the primary one failed") {
    delivery_fixture f;
    auto port = f.make_port("A");
    port->backup = f.make_transport("test:backup");
    f.engine->set_port(port, true);
    f.send("A", "refuse once");
    f.engine->start();
    CHECK(f.wait_for(2)[1].state == "delivered");
    const auto sent = f.adapter.all_sent();
    const auto* on_backup = find_sent(sent, "A", "BTS.OutboundTransportLocation", "test:backup");
    REQUIRE(on_backup != nullptr);
    CHECK(on_backup->context.text_or("ErrorReport.FailureCode", "") == "test.answer");
    CHECK(sent[0].context.find("ErrorReport.FailureCode") == nullptr);
}

TEST_CASE("a delivery and a failure are acknowledged to whoever subscribes, and nothing acknowledges those") {
    delivery_fixture f;
    f.route = to_notes;
    auto port = f.make_port("A");
    port->notifies_delivery = true;
    f.engine->set_port(port, true);
    auto notes = f.make_port("Notes");
    notes->notifies_delivery = true;
    f.engine->set_port(notes, true);
    f.engine->start();
    publication good = make_publication("A", "ok", {{"BTS.CorrelationToken", "c1"}, {"BTS.ReceivePortName", "In"}});
    const std::string good_id = good.message_id;
    send(f, std::move(good));
    f.wait_for(2);
    publication bad = make_publication("A", "refuse");
    const std::string bad_id = bad.message_id;
    send(f, std::move(bad));
    f.wait_for(4);
    f.engine->wait_until_idle();
    const auto sent = f.adapter.all_sent();
    const auto* ack = find_sent(sent, "Notes", "BTS.AckType", "ACK");
    REQUIRE(ack != nullptr);
    CHECK(ack->context.text_or("BTS.AckID", "") == good_id);
    CHECK(ack->context.text_or("BTS.AckSendPortName", "") == "A");
    CHECK(ack->context.text_or("BTS.AckOutboundTransportLocation", "") == "test:A");
    CHECK(ack->context.text_or("BTS.AckReceivePortName", "") == "In");
    CHECK(ack->context.text_or("BTS.CorrelationToken", "") == "c1");
    CHECK(ack->body.empty());
    const auto* nack = find_sent(sent, "Notes", "BTS.AckType", "NACK");
    REQUIRE(nack != nullptr);
    CHECK(nack->context.text_or("BTS.AckID", "") == bad_id);
    CHECK(nack->context.text_or("BTS.AckFailureCode", "") == "test.answer");
    CHECK(nack->body.find("<SOAP:Fault>") != std::string::npos);
    CHECK(sent.size() == 4);
}

TEST_CASE("a failed message is published in the place of the suspension where somebody subscribes to it") {
    delivery_fixture f;
    auto port = f.make_port("A");
    port->routes_failed_messages = true;
    f.engine->set_port(port, true);
    f.engine->set_port(f.make_port("Notes"), true);
    SUBCASE("somebody") {
        f.route = to_notes;
        f.engine->start();
        f.send("A", "refuse once");
        const auto reports = f.wait_for(2);
        CHECK(reports[0].state == "failed");
        CHECK(reports[1].port == "Notes");
        const auto sent = f.adapter.all_sent();
        const auto* failed = find_sent(sent, "Notes", "ErrorReport.ErrorType", "FailedMessage");
        REQUIRE(failed != nullptr);
        CHECK(failed->body == "refuse once");
        CHECK(failed->context.text_or("ErrorReport.FailureCode", "") == "test.answer");
        CHECK(failed->context.text_or("ErrorReport.SendPortName", "") == "A");
        f.engine->wait_until_idle();
        CHECK(f.box->list({}).empty());
    }
    SUBCASE("nobody") {
        f.engine->start();
        f.send("A", "refuse");
        CHECK(f.wait_for(1)[0].state == "suspended");
    }
}

TEST_CASE("an outcome that cannot be written down is tried again, and is not active for ever") {
    delivery_fixture f;
    f.route = [is_first = std::make_shared<std::atomic<bool>>(true)](const message_context& context) {
        return is_first->exchange(false) ? throw std::bad_alloc() : to_notes(context);
    };
    auto port = f.make_port("A");
    port->is_ordered = true;
    port->routes_failed_messages = true;
    f.engine->set_port(port, true);
    f.send("A", "refuse once");
    f.send("A", "ok");
    f.engine->start();
    const auto reports = f.wait_for(3);
    CHECK(reports[0].code == "delivery.internal");
    CHECK(reports[0].state == "retrying");
    CHECK(reports[1].state == "delivered");
    CHECK(f.adapter.bodies() == std::vector<std::string>{"refuse once", "refuse once", "ok"});
}

TEST_CASE("a port that is removed sends nothing more, and its messages wait") {
    delivery_fixture f;
    f.add_port("A");
    f.engine->start();
    f.send("A", "ok 1");
    f.wait_for(1);
    f.engine->wait_until_idle();
    f.engine->remove_port("A");
    f.send("A", "ok 2");
    f.engine->wait_until_idle();
    CHECK(f.box->list({}).size() == 1);
    f.add_port("A");
    CHECK(f.wait_for(2)[1].state == "delivered");
}
