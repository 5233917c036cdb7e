// The kit must notice a plugin that breaks the contract: each breach is committed here on purpose.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include <hawser/sdk.hpp>
#include <hawser/test_kit.hpp>

namespace kit = hawser::test_kit;

namespace {

struct liar final : hawser::stream_source {
    std::size_t read(void*, std::size_t) override { return 0; }
    std::int64_t size_hint() override { return 5; }
};

struct stampless final : hawser::pipeline_component {
    static constexpr hawser::component_info info{"Test.Plain", "1", "Does nothing."};
    void execute(hawser::message&) override {}
};

hawser::host view(const kit::host& host) { return hawser::host(host.abi()); }

bool has_violation(const kit::host& host, std::string_view words) {
    for (const std::string& one : host.violations()) {
        if (one.find(words) != std::string::npos) {
            return true;
        }
    }
    return false;
}

hawser_outcome plain_outcome() {
    hawser_outcome raw{};
    raw.struct_size = sizeof raw;
    raw.verdict = HAWSER_DELIVERED;
    return raw;
}

// A delivery whose body is not there yet.
struct would_blocking {
    would_blocking(kit::host& host, kit::callback_from from)
        : delivery(host, message), api(view(host).service<hawser_delivery_api>(HAWSER_DELIVERY)) {
        delivery.callbacks = from;
        delivery.would_block_every = 1;
    }
    void ask(hawser_callback callback, void* user) {
        char byte = 0;
        REQUIRE(api->body_read(delivery.abi(), &byte, 1, nullptr) == HAWSER_WOULD_BLOCK);
        api->body_on_ready(delivery.abi(), callback, user);
    }
    void complete() {
        const hawser_outcome raw = plain_outcome();
        api->complete(delivery.abi(), &raw);
    }
    kit::message message{"x"};
    kit::delivery delivery;
    const hawser_delivery_api* api;
};

}  // namespace

TEST_CASE("a body that is taken twice, a seal without a body and a wrong size hint are noticed") {
    kit::host host;
    kit::message message("x");
    hawser::message plugin_view(message.abi(), view(host));
    const hawser::body_stream taken = plugin_view.take_body();
    CHECK_THROWS_AS(plugin_view.take_body(), hawser::failure);
    CHECK_THROWS_AS(plugin_view.report_seal(HAWSER_SEAL_SIGNED), hawser::failure);
    plugin_view.put_body(hawser::make_stream(std::make_unique<liar>()));
    kit::read_body(host, message);
    CHECK(has_violation(host, "taken twice"));
    CHECK(has_violation(host, "a seal was reported"));
    CHECK(has_violation(host, "size_hint said 5"));
    CHECK(has_violation(host, "not closed"));  // `taken` is still open
}

TEST_CASE("an adapter that changes the message, completes twice or uses what has ended is noticed") {
    kit::host host;
    kit::message message("x");
    kit::delivery delivery(host, message);
    const auto* api = view(host).service<hawser_delivery_api>(HAWSER_DELIVERY);
    hawser::message plugin_view(message.abi(), view(host));
    CHECK_THROWS_AS(plugin_view.set("A.B", "c"), hawser::failure);
    CHECK(message.violations.all().size() == 1);

    const hawser_outcome raw = plain_outcome();
    api->body_on_ready(
        delivery.abi(), [](void*) {}, nullptr);
    CHECK(has_violation(host, "did not answer would-block"));
    api->complete(delivery.abi(), &raw);
    api->complete(delivery.abi(), &raw);
    CHECK(has_violation(host, "complete was called after complete"));
    char byte = 0;
    CHECK(api->body_read(delivery.abi(), &byte, 1, nullptr) == HAWSER_MISUSE);
    CHECK(has_violation(host, "body_read was called after complete"));
}

TEST_CASE("complete waits for a callback of body_on_ready that runs") {
    struct slow_callback {
        std::atomic<bool> has_begun{false}, has_ended{false};
    };
    slow_callback calls;
    kit::host host;
    would_blocking one(host, kit::callback_from::other_thread);
    one.ask(
        [](void* user) {
            auto& told = *static_cast<slow_callback*>(user);
            told.has_begun = true;
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
            told.has_ended = true;
        },
        &calls);
    while (!calls.has_begun) {
        std::this_thread::yield();
    }
    one.complete();
    CHECK(calls.has_ended);
}

TEST_CASE("no callback of body_on_ready follows complete") {
    struct late_callback {
        std::atomic<bool> is_completed{false}, is_late{false};
    };
    late_callback calls;
    kit::host host;
    for (int i = 0; i < 100; ++i) {
        would_blocking one(host, kit::callback_from::other_thread);
        calls.is_completed = false;
        one.ask(
            [](void* user) {
                auto& told = *static_cast<late_callback*>(user);
                told.is_late = told.is_late || told.is_completed;
            },
            &calls);
        one.complete();
        calls.is_completed = true;
    }
    CHECK_FALSE(calls.is_late);
    CHECK(host.violations().empty());
}

TEST_CASE("a callback of body_on_ready may complete") {
    for (const kit::callback_from from : {kit::callback_from::same_call, kit::callback_from::other_thread}) {
        kit::host host;
        would_blocking one(host, from);
        one.ask([](void* user) { static_cast<would_blocking*>(user)->complete(); }, &one);
        CHECK(one.delivery.wait_for_outcome().has_value());
    }
}

TEST_CASE("a delivery that is never completed and an outcome that is none are noticed") {
    kit::host host;
    {
        kit::message message("x");
        const kit::delivery forgotten(host, message);
    }
    CHECK(has_violation(host, "never completed"));
    kit::message message("x");
    kit::delivery delivery(host, message);
    hawser_outcome raw = plain_outcome();
    raw.verdict = 9;
    view(host).service<hawser_delivery_api>(HAWSER_DELIVERY)->complete(delivery.abi(), &raw);
    CHECK(has_violation(host, "verdict that does not exist"));
}

TEST_CASE("a checkpoint is kept and answered") {
    kit::host host;
    kit::message message("x");
    kit::delivery delivery(host, message);
    delivery.checkpoint_status = HAWSER_TRY_LATER;
    const auto* api = view(host).service<hawser_delivery_api>(HAWSER_DELIVERY);
    hawser_status answered = HAWSER_OK;
    api->checkpoint(
        delivery.abi(), hawser::detail::to_abi("state"),
        [](void* user, hawser_status status) { *static_cast<hawser_status*>(user) = status; }, &answered);
    CHECK(answered == HAWSER_TRY_LATER);
    CHECK(delivery.checkpoints() == std::vector<std::string>{"state"});
    const hawser_outcome raw = plain_outcome();
    api->complete(delivery.abi(), &raw);
}

TEST_CASE("header fields and properties are refused as an engine refuses them") {
    kit::host host;
    kit::message message("x");
    hawser::message plugin_view(message.abi(), view(host));
    plugin_view.append_mail_header("Subject", "one\r\n two");  // folded
    for (const char* value : {"a\r\nBcc: x@y.example", "a\nb", "a\r\n", "a\r\n\r\nb", "a\x01"}) {
        CAPTURE(value);
        CHECK_THROWS_AS(plugin_view.append_mail_header("Subject", value), hawser::failure);
    }
    for (const char* name : {"", "A B", "A:", "Content-Type", "mime-version", "\xc3\xa4"}) {
        CAPTURE(name);
        CHECK_THROWS_AS(plugin_view.append_mail_header(name, "x"), hawser::failure);
    }
    CHECK(message.mail_headers.size() == 1);
    CHECK_THROWS_AS(plugin_view.set("NoNamespace", "x"), hawser::failure);
    CHECK_THROWS_AS(plugin_view.promote("A.B", std::string(256, 'x')), hawser::failure);
    plugin_view.promote("A.B", std::string(255, 'x'));
}

TEST_CASE("macros, files and certificates come from what the test gave") {
    kit::host host;
    host.macros["Name"] = "value";
    host.files["/in"] = "bytes";
    host.certificates[HAWSER_CERTIFICATES_PERSONAL] = {{"der", "key", "me.pem"}};
    kit::message message("x");
    const hawser::host engine = view(host);
    CHECK(engine.expand_macros(message.abi(), hawser::macro_place::subject, "a %Name% 5% %Other%") ==
          "a value 5% %Other%");
    CHECK_THROWS_AS(engine.expand_macros(message.abi(), hawser::macro_place::address, "%Other%"), hawser::failure);

    char buffer[10];
    CHECK(engine.open_file(message.abi(), "SMTP.Attachments", "/in").read(buffer, sizeof buffer) == 5);
    CHECK_THROWS_AS(engine.open_file(message.abi(), "SMTP.Attachments", "/none"), hawser::failure);

    std::string seen;
    CHECK(engine.each_certificate(nullptr, hawser::certificate_set::personal, [&](const hawser_certificate& one) {
        seen = hawser::detail::from_abi(one.private_key);
    }));
    CHECK(seen == "key");
    CHECK_FALSE(engine.each_certificate(nullptr, hawser::certificate_set::trusted, [](const hawser_certificate&) {}));
    CHECK_THROWS_AS(
        engine.each_certificate(message.abi(), hawser::certificate_set::signing, [](const hawser_certificate&) {}),
        hawser::failure);
}

TEST_CASE("an instance of nothing, and a property that the spec does not have, are refused") {
    kit::host host;
    CHECK_THROWS_AS(kit::instance(host, nullptr, 0), hawser::failure);
    CHECK_THROWS_WITH_AS(kit::instance::of<stampless>(host, {{"/NoSuch", "x"}}), "the spec has no property NoSuch",
                         hawser::failure);
}
