#include <doctest/doctest.h>

#include <stdexcept>
#include <thread>

#include <hawser/sdk.hpp>
#include <hawser/test_kit.hpp>

namespace kit = hawser::test_kit;

namespace {

// Collects the body and goes on by callbacks, as an adapter that does not block has to.
class collector final : public hawser::send_adapter {
public:
    static constexpr hawser::adapter_info info{.id = "TestCollector",
                                               .version = "1",
                                               .summary = "Collects.",
                                               .property_namespace = "TestCollector",
                                               .address_scheme = "collect"};
    void transmit(hawser::delivery one) override {
        step(new session{std::move(one), {}});  // ends itself, on whatever thread the last callback runs
    }
    void preview(hawser::message& message, std::string& text) override {
        text = "to " + message.get_or("TestCollector.To", "?");
    }
    bool has_composer() const override { return true; }
    void compose(hawser::message& message) override {
        message.append_mail_header("To", message.get_or("TestCollector.To", ""));
    }

private:
    struct session {
        hawser::delivery delivery;
        std::string body;
    };
    static void step(session* one) {
        char buffer[16];
        std::string error;
        std::int64_t size = 0;
        while ((size = one->delivery.body_read(buffer, sizeof buffer, error)) > 0) {
            one->body.append(buffer, static_cast<std::size_t>(size));
        }
        if (size == HAWSER_WOULD_BLOCK) {
            one->delivery.body_on_ready([](void* user) { step(static_cast<session*>(user)); }, one);
            return;
        }
        hawser::outcome result;
        result.verdict = size < 0 ? hawser::verdict::retry : hawser::verdict::partial;
        result.code = "test.code";
        result.text = size < 0 ? error : one->body;
        result.reply_code = 250;
        result.enhanced_status = "2.0.0";
        result.is_maybe_duplicate = true;
        result.not_before_unix_ms = 17;
        result.recipients = {{"a@b.example", hawser::verdict::rejected, 550, "5.1.1", "no such user"}};
        result.resume_state = std::string(one->delivery.resume_state()) + "+" + one->delivery.secret("Password");
        one->delivery.complete(result);
        delete one;
    }
};

class dropper final : public hawser::send_adapter {
public:
    static constexpr hawser::adapter_info info{.id = "TestDropper",
                                               .version = "1",
                                               .summary = "Drops or throws.",
                                               .property_namespace = "TestDropper",
                                               .address_scheme = "drop"};
    void transmit(hawser::delivery one) override {
        const hawser::delivery mine = std::move(one);
        if (mine.message().is_true("TestDropper.Throws")) {
            throw std::runtime_error("out of transmit");
        }
    }
};

class canceller final : public hawser::send_adapter {
public:
    static constexpr hawser::adapter_info info{.id = "TestCanceller",
                                               .version = "1",
                                               .summary = "Waits to be cancelled.",
                                               .property_namespace = "TestCanceller",
                                               .address_scheme = "cancel"};
    void transmit(hawser::delivery one) override {
        auto* held = new hawser::delivery(std::move(one));
        held->on_cancel(
            [](void* user) {
                auto* cancelled = static_cast<hawser::delivery*>(user);
                hawser::outcome result;
                result.code = cancelled->is_cancelled() ? "test.cancelled" : "test.not-cancelled";
                cancelled->complete(result);
                delete cancelled;
            },
            held);
    }
};

}  // namespace

TEST_CASE("a body is whole however often it would block, and the outcome crosses with all its parts") {
    for (const kit::callback_from from : {kit::callback_from::same_call, kit::callback_from::other_thread}) {
        for (const unsigned every : {0U, 2U, 3U}) {
            CAPTURE(every);
            kit::host host;
            host.secrets["Password"] = "pw";
            auto adapter = kit::instance::of<collector>(host);
            kit::message message("the quick brown fox jumps over the lazy dog");
            std::optional<hawser::outcome> outcome;
            {
                kit::delivery delivery(host, message);
                delivery.would_block_every = every;
                delivery.callbacks = from;
                delivery.resume_state = "before";
                kit::transmit(adapter, delivery);
                outcome = delivery.wait_for_outcome();
                CHECK(delivery.bytes_read() == 43);
            }
            REQUIRE(outcome);
            CHECK(outcome->verdict == hawser::verdict::partial);
            CHECK(outcome->text == "the quick brown fox jumps over the lazy dog");
            CHECK(outcome->code == "test.code");
            CHECK(outcome->reply_code == 250);
            CHECK(outcome->enhanced_status == "2.0.0");
            CHECK(outcome->is_maybe_duplicate);
            CHECK_FALSE(outcome->is_endpoint_down);
            CHECK(outcome->not_before_unix_ms == 17);
            CHECK(outcome->resume_state == "before+pw");
            REQUIRE(outcome->recipients.size() == 1);
            CHECK(outcome->recipients[0].verdict == hawser::verdict::rejected);
            CHECK(outcome->recipients[0].text == "no such user");
            CHECK(host.violations().empty());
        }
    }
}

TEST_CASE("a body that fails is told with its reason") {
    kit::host host;
    auto adapter = kit::instance::of<collector>(host);
    kit::message message("0123456789");
    message.parts[0].fails_after = 5;
    kit::delivery delivery(host, message);
    kit::transmit(adapter, delivery);
    const auto outcome = delivery.wait_for_outcome();
    REQUIRE(outcome);
    CHECK(outcome->verdict == hawser::verdict::retry);
    CHECK(outcome->text == "the test's body fails after 5 bytes");
    CHECK(delivery.bytes_read() == 5);
}

TEST_CASE("a delivery that is dropped, or lost by an exception, is completed once as a retry") {
    for (const char* throws : {"false", "true"}) {
        kit::host host;
        auto adapter = kit::instance::of<dropper>(host);
        kit::message message("x");
        message.set("TestDropper.Throws", throws);
        kit::delivery delivery(host, message);
        kit::transmit(adapter, delivery);
        const auto outcome = delivery.wait_for_outcome();
        REQUIRE(outcome);
        CHECK(outcome->verdict == hawser::verdict::retry);
        CHECK(outcome->code == "plugin.misbehaving");
        CHECK(host.violations().empty());
    }
}

TEST_CASE("cancelling reaches the adapter, before or after it asked to be told") {
    for (const bool is_early : {false, true}) {
        kit::host host;
        auto adapter = kit::instance::of<canceller>(host);
        kit::message message("x");
        kit::delivery delivery(host, message);
        if (is_early) {
            delivery.cancel();
        }
        kit::transmit(adapter, delivery);
        delivery.cancel();
        const auto outcome = delivery.wait_for_outcome();
        REQUIRE(outcome);
        CHECK(outcome->code == "test.cancelled");
    }
}

TEST_CASE("preview and compose are called through the adapter's table") {
    kit::host host;
    auto adapter = kit::instance::of<collector>(host);
    kit::message message("x");
    message.set("TestCollector.To", "a@b.example");
    CHECK(kit::preview(adapter, message).body == "to a@b.example");
    CHECK(kit::compose(adapter, message).is_ok());
    REQUIRE(message.mail_headers.size() == 1);
    CHECK(message.mail_headers[0].value == "a@b.example");
    auto plain = kit::instance::of<dropper>(host);
    kit::message other("x");
    CHECK(kit::compose(plain, other).status == HAWSER_UNSUPPORTED);
}

namespace {

// Records its body; hands it over, or leaves the record where the archive does not take it.
class recorder final : public hawser::send_adapter {
public:
    static constexpr hawser::adapter_info info{.id = "TestRecorder",
                                               .version = "1",
                                               .summary = "Records.",
                                               .property_namespace = "TestRecorder",
                                               .address_scheme = "record",
                                               .flags = HAWSER_FLAG_AUDITS};
    void transmit(hawser::delivery one) override {
        hawser::outcome result;
        try {
            hawser::audit_record record(one);
            result.text = record ? "recorded" : "not recorded";
            if (record) {
                record.content("bytes");
                record.content(" more");
                std::string why_not;
                record.hand_over(R"({"server":"x"})", &recorder::answer, &why_not);
                if (!why_not.empty()) {
                    throw hawser::try_later(why_not);
                }
                record.finish(R"({"outcome":"taken"})", &recorder::answer, &why_not);
            }
            result.verdict = hawser::verdict::delivered;
        } catch (const hawser::failure& wrong) {
            result.text = wrong.what();
        }
        one.complete(result);
    }

private:
    static void answer(void* user, hawser_status status, hawser_string text) noexcept {
        if (status < 0) {
            *static_cast<std::string*>(user) = std::string(text.data, text.size);
        }
    }
};

}  // namespace

TEST_CASE("an adapter records what it hands over, and the test sees it") {
    kit::host host;
    auto adapter = kit::instance::of<recorder>(host);
    kit::message message("body");
    const auto transmitted = [&] {
        kit::delivery delivery(host, message);
        kit::transmit(adapter, delivery);
        return delivery.wait_for_outcome().value();
    };
    CHECK(transmitted().text == "not recorded");
    CHECK(host.audit_records().empty());
    host.has_archive = true;
    CHECK(transmitted().text == "recorded");
    REQUIRE(host.audit_records().size() == 1);
    const kit::audit_record seen = host.audit_records()[0];
    CHECK(seen.content == "bytes more");
    CHECK(seen.handed_over == R"({"server":"x"})");
    CHECK(seen.finished == R"({"outcome":"taken"})");
    host.archive_trouble = "the disk is full";
    CHECK(transmitted().text == "the disk is full");
    CHECK(host.audit_records().size() == 1);
    CHECK(host.violations().empty());
}
