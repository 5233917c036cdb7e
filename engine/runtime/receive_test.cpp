// Receive ports on a host: what their pipelines make of a submission is published, or nothing is.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <future>
#include <stdexcept>

#include "base/thread_shortage.hpp"
#include "runtime/host_fixture.hpp"

using namespace hawser;
using namespace hawser::engine;
using namespace hawser::engine::test;

namespace {

std::string receive_port(const std::string& pipeline) {
    return R"(,"receivePorts":[{"name":"In","pipeline":)" + pipeline + "}]";
}

std::string failing(const std::string& mode, int after_bytes) {
    return receive_port(R"({"decode":[{"component":"Test.Fail","properties":{"Mode":")" + mode + R"(","AfterBytes":)" +
                        std::to_string(after_bytes) + "}}]}");
}

std::string filter(const std::string& name, const std::string& value) {
    return R"(,"filter":{"anyOf":[{"allOf":[[")" + name + R"(","==",")" + value + R"("]]}]})";
}

submission incoming(const std::string& body, const std::string& key = "") {
    submission message;
    message.receive_port = "In";
    message.key = key;
    message.parts = {{.name = "body", .content_type = "message/rfc822", .bytes = body}};
    return message;
}

class receive_fixture : public host_fixture {
public:
    submit_answer receive(const submission& message) { return running().submit(message, {}); }
    std::size_t stored_bodies() const {
        std::size_t count = 0;
        if (fs::exists(path("state/box.db.bodies"))) {
            for ([[maybe_unused]] const auto& one : fs::directory_iterator(path("state/box.db.bodies"))) {
                ++count;
            }
        }
        return count;
    }
    bool is_empty() { return running().list({}).empty() && stored_bodies() == 0; }
    std::string property(const std::string& name) {
        for (const message_detail& one : running().show(std::to_string(running().list({}).at(0).delivery))) {
            for (const message_property& property : one.properties) {
                if (property.name == name) {
                    return property.value + (property.is_promoted ? "!" : "");
                }
            }
        }
        return "-";
    }
};

const std::string large(200 * 1024, 'L');

}  // namespace

TEST_CASE_FIXTURE(receive_fixture, "what a component promotes at the end of the body routes the message") {
    write({{"Five", filter("Test.BodySize", "5")}, {"Large", filter("Test.BodySize", std::to_string(large.size()))}},
          receive_port(R"({"decode":[{"component":"Test.DefersContext"}]})"));
    start();
    CHECK(receive(incoming("12345")).code == answer_code::accepted);
    CHECK(receive(incoming(large)).code == answer_code::accepted);
    CHECK(arrives("Five", {"12345"}));
    CHECK(arrives("Large", {large}));
    const submit_answer nobody = receive(incoming(large + "x"));
    CHECK(nobody.code == answer_code::no_subscriber);
    CHECK(eventually([&] { return is_empty(); }));
}

TEST_CASE_FIXTURE(receive_fixture, "the parts that a component adds are stored, and the body is what it says") {
    write({{"Out", filter("BTS.ReceivePortName", "In")}},
          receive_port(R"({"disassemble":[{"component":"Test.SplitLines"}]})"));
    open({.delivers = false});
    REQUIRE(receive(incoming("one\ntwo\n" + large)).code == answer_code::accepted);
    const std::vector<message_detail> stored = running().show(std::to_string(running().list({}).at(0).delivery));
    REQUIRE(stored.at(0).parts.size() == 3);
    const std::vector<part_summary>& parts = stored[0].parts;
    CHECK(parts[0].content_type == "text/x-first");
    CHECK(parts[0].file_name == "first.txt");
    CHECK(parts[0].is_body);
    CHECK(parts[0].size == 3);
    CHECK(parts[1].name == "line");
    CHECK(parts[1].size == 3);
    CHECK(parts[2].name == "line-3");
    CHECK(parts[2].size == large.size());
    CHECK(property("BTS.ReceivePortName") == "In!");
}

TEST_CASE_FIXTURE(receive_fixture, "a component that fails, at once or in mid-body, has the submission refused") {
    for (const auto& [mode, code] : {std::pair{"fail", answer_code::bad_input},
                                     {"throw", answer_code::bad_input},
                                     {"throwInt", answer_code::bad_input},
                                     {"tryLater", answer_code::not_accepted}}) {
        for (const int after : {-1, 0, 100'000}) {
            CAPTURE(mode);
            CAPTURE(after);
            write({{"Out"}}, failing(mode, after));
            open();
            submission message = incoming(large);
            message.port = "Out";
            const submit_answer answer = receive(message);
            CHECK(answer.code == code);
            CHECK(answer.text.find("receive port \"In\"") != std::string::npos);
            CHECK(answer.text.find("nothing was stored") != std::string::npos);
            CHECK(is_empty());
        }
    }
}

TEST_CASE_FIXTURE(receive_fixture, "a key stands for what was submitted, not for what was decoded") {
    write({{"Out", filter("BTS.ReceivePortName", "In")}},
          receive_port(R"({"disassemble":[{"component":"Test.SplitLines"}]})"));
    open({.delivers = false});
    const submit_answer first = receive(incoming("one\ntwo", "k"));
    REQUIRE(first.code == answer_code::accepted);
    const submit_answer again = receive(incoming("one\ntwo", "k"));
    CHECK(again.is_repeat);
    CHECK(again.message_id == first.message_id);
    CHECK(receive(incoming("one\nother", "k")).code == answer_code::bad_input);  // the same body, another part
    submission as_it_is = incoming("one\ntwo", "k");
    as_it_is.receive_port.clear();
    as_it_is.port = "Out";
    CHECK(receive(as_it_is).code == answer_code::bad_input);
    CHECK(running().list({}).size() == 1);
}

TEST_CASE_FIXTURE(receive_fixture, "only the engine says by which port a message came in") {
    write({{"Out", filter("BTS.ReceivePortName", "In")}},
          receive_port(R"({"resolveParty":[{"component":"Test.SetProperty","properties":{"Name":"BTS.ReceivePortName",)"
                       R"("Value":"X"}}]})"));
    open({.delivers = false});
    submission claimed = incoming("x");
    claimed.receive_port.clear();
    claimed.properties = {{.name = "BTS.ReceivePortName", .value = "In"}};
    CHECK(receive(claimed).code == answer_code::bad_input);
    CHECK(receive(incoming("x")).code == answer_code::accepted);
    CHECK(property("BTS.ReceivePortName") == "In!");
    submission unknown = incoming("x");
    unknown.receive_port = "Inn";
    const submit_answer refused = receive(unknown);
    CHECK(refused.code == answer_code::no_subscriber);
    CHECK(refused.text.find("did you mean \"In\"?") != std::string::npos);
}

TEST_CASE_FIXTURE(receive_fixture, "what comes through a pipe, and asynchronously, passes the pipeline too") {
    write({{"Out", filter("BTS.ReceivePortName", "In")}},
          receive_port(R"({"decode":[{"component":"Test.DefersContext"}]})"));
    start();
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    std::thread writer([&] {
        CHECK(::write(ends[1], "piped", 5) == 5);
        ::close(ends[1]);
    });
    submission piped = incoming("");
    piped.parts[0].descriptor = ends[0];
    CHECK(receive(piped).code == answer_code::accepted);
    writer.join();
    ::close(ends[0]);
    CHECK(arrives("Out", {"piped"}));
    std::promise<submit_answer> answered;
    running().submit_async(incoming("later"), [&](const submit_answer& answer) { answered.set_value(answer); });
    CHECK(answered.get_future().get().code == answer_code::accepted);
    CHECK(arrives("Out", {"piped", "later"}));
    submission missing = incoming("");
    missing.parts[0].descriptor = 1'000'000;
    CHECK(receive(missing).code == answer_code::bad_input);
}

TEST_CASE_FIXTURE(receive_fixture, "a host that stops cancels what it is receiving, and the submitter may try again") {
    write({{"Out", filter("BTS.ReceivePortName", "In")}}, failing("hang", 10));
    start();
    std::promise<submit_answer> later;
    std::thread submitter([&] { later.set_value(receive(incoming(large))); });
    std::promise<submit_answer> later_async;
    running().submit_async(incoming(large), [&](const submit_answer& answer) { later_async.set_value(answer); });
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    running().stop(0);
    CHECK(later.get_future().get().code == answer_code::not_accepted);
    CHECK(later_async.get_future().get().code == answer_code::not_accepted);
    submitter.join();
    CHECK(receive(incoming("x")).code == answer_code::not_accepted);
    open({.delivers = false});
    CHECK(is_empty());
}

TEST_CASE_FIXTURE(receive_fixture, "a reload puts a changed receive pipeline in force, and says so") {
    write({{"Out", filter("BTS.ReceivePortName", "In")}}, failing("fail", -1));
    start();
    CHECK(receive(incoming("x")).code == answer_code::bad_input);
    write({{"Out", filter("BTS.ReceivePortName", "In")}},
          receive_port(R"({"decode":[{"component":"Test.DefersContext"}]})"));
    CHECK(running().reload(load(), {}).receive_ports.changed == std::vector<std::string>{"In"});
    CHECK(receive(incoming("x")).code == answer_code::accepted);
    REQUIRE(running().receive_ports().size() == 1);
    CHECK(running().receive_ports()[0].components == std::vector<std::string>{"decode Test.DefersContext"});
    write({{"Out", filter("BTS.ReceivePortName", "In")}});
    CHECK(running().reload(load(), {}).receive_ports.removed == std::vector<std::string>{"In"});
    CHECK(receive(incoming("x")).code == answer_code::no_subscriber);
}

TEST_CASE_FIXTURE(receive_fixture,
                  "a submitter whose on_progress throws gets that when no worker works for it any more") {
    write({{"Out", filter("BTS.ReceivePortName", "In")}}, failing("hang", 150'000));
    start();
    std::promise<void> has_thrown;
    int calls = 0;
    const auto on_progress = [&](std::uint64_t) {
        if (++calls == 1) {
            has_thrown.set_value();
        }
        throw std::domain_error("no more of it");
    };
    auto answer =
        std::async(std::launch::async, [&] { return running().submit(incoming(large), {.on_progress = on_progress}); });
    has_thrown.get_future().wait();
    CHECK(answer.wait_for(std::chrono::milliseconds(300)) == std::future_status::timeout);
    running().stop(0);  // cancels what the worker is at
    CHECK_THROWS_AS(answer.get(), std::domain_error);
    CHECK(calls == 1);
    open({.delivers = false});
    CHECK(is_empty());
}

TEST_CASE_FIXTURE(receive_fixture, "a submission for which no thread can be had is refused, and can be made again") {
    write({{"Out", filter("BTS.ReceivePortName", "In")}},
          receive_port(R"({"decode":[{"component":"Test.DefersContext"}]})"));
    open({.delivers = false});
    {
        const thread_shortage shortage(0);
        std::promise<submit_answer> later;
        running().submit_async(incoming("x"), [&](const submit_answer& answer) { later.set_value(answer); });
        for (const submit_answer& answer : {receive(incoming("x")), later.get_future().get()}) {
            CHECK(answer.code == answer_code::not_accepted);
            CHECK(answer.text.find("a thread could not be made: ") == 0);
        }
    }
    CHECK(receive(incoming("x")).code == answer_code::accepted);
}
