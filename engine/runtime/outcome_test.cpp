// What a submission that waits is told: also of what no attempt tells of, and never that it was delivered when nobody
// knows.
#include <doctest/doctest.h>

#include <ctime>
#include <future>

#include "runtime/host_fixture.hpp"

using namespace hawser;
using namespace hawser::engine::test;

namespace {

const std::string ordered = R"(,"orderedDelivery":true)";
const std::string tracked = R"(,"tracking":{"beforePipeline":["properties"]})";

// Opens in two hours, for one.
std::string closed_window() {
    const std::time_t now = std::time(nullptr);
    const auto at = [now](int hours) {
        const std::time_t then = now + hours * 3600;
        std::tm parts{};
        ::gmtime_r(&then, &parts);
        char text[8];
        std::strftime(text, sizeof text, "%H:00", &parts);
        return std::string(text);
    };
    return R"(,"serviceWindow":{"from":")" + at(2) + R"(","to":")" + at(3) + R"(","timeZone":"UTC"})";
}

class outcome_fixture : public host_fixture {
public:
    std::future<submit_answer> send(const std::string& port, wait_for wait, const std::string& key = "") {
        submission message;
        message.port = port;
        message.key = key;
        message.properties = {{.name = "T.Kind", .value = "x"}};
        message.parts = {{.name = "body", .bytes = "b"}};
        return std::async(std::launch::async, [this, message, wait] {
            return running().submit(message, {.wait = wait, .wait_max_ms = wait_max_ms});
        });
    }
    submit_answer told(std::future<submit_answer> sent) {
        const auto begin = std::chrono::steady_clock::now();
        submit_answer answer = sent.get();
        CHECK(std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(wait_max_ms / 2));
        return answer;
    }
    // In order behind one that is to be tried again: on a started port, and not tried itself.
    std::future<submit_answer> send_behind(const std::string& port) {
        CHECK(told(send("Out", wait_for::first_attempt)).code == answer_code::accepted);
        std::future<submit_answer> sent = send(port, wait_for::first_attempt);
        CHECK(eventually([&] { return this->port("Out").queued == 1; }));
        return sent;
    }
    void terminate_queued() { CHECK(running().terminate({.state = "queued"}).count == 1); }

    static constexpr std::int64_t wait_max_ms = 20'000;
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE_FIXTURE(outcome_fixture, "a wait ends when the delivery is terminated before its first attempt") {
    std::string more = ordered;
    SUBCASE("nothing of it is kept") {}
    SUBCASE("it is tracked") { more += tracked; }
    write({{"Out", more, "retry"}});
    start();
    std::future<submit_answer> sent = send_behind("Out");
    terminate_queued();
    const submit_answer answer = told(std::move(sent));
    REQUIRE(answer.deliveries.size() == 1);
    CHECK(answer.deliveries[0].port == "Out");
    if (more == ordered) {
        CHECK(answer.code == answer_code::accepted);
        CHECK(answer.deliveries[0].state == "unknown");
        CHECK(has(answer.text, "it is not known what became of it"));
    } else {
        CHECK(answer.code == answer_code::suspended);
        CHECK(answer.deliveries[0].state == "terminated");
        CHECK(has(answer.text, "an operator terminated it"));
    }
}

TEST_CASE_FIXTURE(outcome_fixture, "a wait for the end ends when the delivery is terminated between two attempts") {
    write({{"Out", tracked, "retry"}});
    start();
    std::future<submit_answer> sent = send("Out", wait_for::end);
    REQUIRE(eventually([&] { return port("Out").retrying == 1; }));
    CHECK(sent.wait_for(std::chrono::milliseconds(1500)) == std::future_status::timeout);  // a retry is waited for
    CHECK(running().terminate({.state = "retrying"}).count == 1);
    const submit_answer answer = told(std::move(sent));
    CHECK(answer.code == answer_code::suspended);
    REQUIRE(answer.deliveries.size() == 1);
    CHECK(answer.deliveries[0].state == "terminated");
    CHECK(answer.deliveries[0].attempts == 1);
}

TEST_CASE_FIXTURE(outcome_fixture, "a wait ends when the port is stopped, or taken away, before the first attempt") {
    write({{"Out", ordered, "retry"}, {"Other"}});
    start();
    std::future<submit_answer> sent = send_behind("Out");
    SUBCASE("stopped") {
        running().set_port_state("Out", "stop");
        const submit_answer answer = told(std::move(sent));
        CHECK(answer.code == answer_code::accepted);
        CHECK(has(answer.text, "the port is stopped"));
    }
    SUBCASE("not enlisted") {
        running().set_port_state("Out", "unenlist");
        CHECK(told(std::move(sent)).code == answer_code::accepted);
    }
    SUBCASE("removed") {
        write({{"Other"}});
        CHECK(running().reload(load(), {.suspends_removed = true}).code == answer_code::done);
        const submit_answer answer = told(std::move(sent));
        CHECK(answer.code == answer_code::suspended);
        CHECK(has(answer.text, "was removed from the bindings"));
    }
}

TEST_CASE_FIXTURE(outcome_fixture, "a wait for the end ends when the port is stopped between two attempts") {
    write({{"Out", "", "retry"}});
    start();
    std::future<submit_answer> sent = send("Out", wait_for::end);
    REQUIRE(eventually([&] { return port("Out").retrying == 1; }));
    running().set_port_state("Out", "stop");
    const submit_answer answer = told(std::move(sent));
    CHECK(answer.code == answer_code::accepted);
    REQUIRE(answer.deliveries.size() == 1);
    CHECK(answer.deliveries[0].state == "retrying");
    CHECK(answer.deliveries[0].next_attempt_unix_ms == 0);
    CHECK(has(answer.text, "the port is stopped"));
}

TEST_CASE_FIXTURE(outcome_fixture, "a wait ends behind a suspended one of an ordered port that stops on failures") {
    write({{"Out", ordered + ",\"stopSendingOnFailure\":true", "rejected"}});
    start();
    CHECK(told(send("Out", wait_for::end)).code == answer_code::suspended);
    const submit_answer answer = told(send("Out", wait_for::first_attempt));
    CHECK(answer.code == answer_code::accepted);
    CHECK(has(answer.text, "which is suspended"));
}

TEST_CASE_FIXTURE(outcome_fixture, "a wait ends outside the port's service window") {
    write({{"Out", "", "delivered", "", closed_window()}});
    start();
    const submit_answer answer = told(send("Out", wait_for::end));
    CHECK(answer.code == answer_code::accepted);
    REQUIRE(answer.deliveries.size() == 1);
    CHECK(answer.deliveries[0].state == "queued");
    CHECK(has(answer.text, "outside its service window until "));
}

TEST_CASE_FIXTURE(outcome_fixture, "what was delivered on one port and terminated on another was not all delivered") {
    write({{"Out", ordered + "," + kind_x, "retry"}, {"Other", "," + kind_x}});
    start();
    std::future<submit_answer> sent = send_behind("");
    REQUIRE(arrives("Other", {"b"}));
    terminate_queued();
    const submit_answer answer = told(std::move(sent));
    CHECK(answer.code == answer_code::accepted);
    REQUIRE(answer.deliveries.size() == 2);
    CHECK(answer.deliveries[0].port == "Other");
    CHECK(answer.deliveries[0].state == "delivered");
    CHECK(answer.deliveries[1].port == "Out");
    CHECK(answer.deliveries[1].state == "unknown");
}

TEST_CASE_FIXTURE(outcome_fixture, "a repeated key is told what became of the first submission, as far as it is kept") {
    std::string more;
    std::string outcome = "delivered";
    answer_code repeated = answer_code::done;
    std::string state;  // "" = nothing is known of it
    SUBCASE("delivered, and nothing of it is kept") {}
    SUBCASE("delivered") {
        more = tracked;
        state = "delivered";
    }
    SUBCASE("published as a failed message") {
        more = tracked + ",\"routeFailedMessage\":true";
        outcome = "rejected";
        repeated = answer_code::suspended;
        state = "failed";
    }
    write({{"Out", more, outcome},
           {"Errors", R"(,"filter":{"anyOf":[{"allOf":[["ErrorReport.SendPortName","==","Out"]]}]})"}});
    start();
    const submit_answer first = told(send("Out", wait_for::end, "k"));
    CHECK(first.code == (outcome == "delivered" ? answer_code::done : answer_code::suspended));
    const submit_answer again = told(send("Out", wait_for::end, "k"));
    CHECK(again.is_repeat);
    CHECK(again.message_id == first.message_id);
    CHECK(again.code == repeated);
    REQUIRE(again.deliveries.size() == (state.empty() ? 0 : 1));
    CHECK((state.empty() ? has(again.text, "it has left the queue") : again.deliveries[0].state == state));
}

TEST_CASE_FIXTURE(outcome_fixture,
                  "a repeated key of a message that was terminated is not told that it was delivered") {
    write({{"Out", tracked, "rejected"}});
    start();
    CHECK(told(send("Out", wait_for::end, "k")).code == answer_code::suspended);
    CHECK(running().terminate({.state = "suspended"}).count == 1);
    const submit_answer again = told(send("Out", wait_for::end, "k"));
    CHECK(again.is_repeat);
    CHECK(again.code == answer_code::suspended);
    CHECK(has(again.text, "an operator terminated it"));
}
