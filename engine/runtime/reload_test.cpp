// Reloads of a running host: what they change, what they refuse, and that no message notices.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <future>

#include "base/thread_shortage.hpp"
#include "runtime/host_fixture.hpp"

using namespace hawser;
using namespace hawser::engine;
using namespace hawser::engine::test;

namespace {

using bodies = std::vector<std::string>;
using names = std::vector<std::string>;

// Asks for a reload with bindings that take nothing back, in which removed ports are waited for only briefly.
struct reload_fixture : host_fixture {
    reload_answer reload(const reload_options& options = {.in_flight_wait_ms = 50}) {
        return running().reload(load(), options);
    }
    bool is_in_flight(const std::string& name) {
        // Claimed is not begun yet: then the adapter has a file for it.
        return eventually([&] { return port(name).active == 1 && !fs::is_empty(path(name)); });
    }
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// A submission whose body comes through a pipe as slowly as the test wants.
class slow_submission {
public:
    slow_submission(host& to, const std::string& port) {
        REQUIRE(::pipe2(ends_, O_CLOEXEC) == 0);
        submission message;
        message.port = port;
        message.properties = {{.name = "T.Kind", .value = "x"}};
        message.parts = {{.name = "body", .descriptor = ends_[0]}};
        answer_ = std::async(std::launch::async, [&to, message] { return to.submit(message, {}); });
        write("begun,");
    }
    slow_submission(const slow_submission&) = delete;
    slow_submission& operator=(const slow_submission&) = delete;
    ~slow_submission() { ::close(ends_[0]); }
    submit_answer end() {
        write("ended");
        ::close(ends_[1]);
        return answer_.get();
    }

private:
    void write(const std::string& text) {
        REQUIRE(::write(ends_[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    }
    int ends_[2] = {-1, -1};
    std::future<submit_answer> answer_;
};

}  // namespace

TEST_CASE_FIXTURE(reload_fixture, "what is submitted after a reload goes by the new bindings") {
    write({{"Out"}, {"Same"}});
    start();
    submit("1", "Out", wait_for::end);
    write({{"Out", "", "delivered", "elsewhere"}, {"Same"}, {"New", "," + kind_x}});
    const reload_answer answer = reload();
    CHECK(answer.code == answer_code::done);
    CHECK(answer.ports.added == names{"New"});
    CHECK(answer.ports.changed == names{"Out"});
    CHECK(answer.ports.removed.empty());
    CHECK(answer.renewed_adapters.empty());
    submit("2", "Out", wait_for::end);
    submit("3", "", wait_for::end);
    CHECK(arrived("Out") == bodies{"1"});
    CHECK(arrived("elsewhere") == bodies{"2"});
    CHECK(arrived("New") == bodies{"3"});
    CHECK(reload().ports.changed.empty());
}

TEST_CASE_FIXTURE(reload_fixture, "bad bindings are refused with all that is wrong, and the old ones stay in force") {
    write({{"Out"}});
    start();
    write({{"Out", ",\"colour\":\"red\",\"priority\":77"}});
    const reload_answer answer = reload();
    CHECK(answer.code == answer_code::bad_input);
    CHECK(std::count_if(answer.problems.begin(), answer.problems.end(),
                        [](const problem& one) { return one.is_error && one.line > 0; }) == 2);
    write({{"Out"}}, "", "", "state/other.db");
    const reload_answer moved = reload();
    CHECK(moved.code == answer_code::bad_input);
    REQUIRE(moved.problems.size() == 1);
    CHECK(has(moved.problems[0].text, "restart the host"));
    CHECK(moved.problems[0].pointer == "/host/messageBox/path");
    CHECK(submit("1", "Out", wait_for::end).code == answer_code::done);
    CHECK(arrived("Out") == bodies{"1"});
}

TEST_CASE_FIXTURE(reload_fixture, "declared states count when they changed, those that operators set are kept") {
    write({{"A"}, {"B"}}, R"(,"sendPortGroups":[{"name":"G","ports":["A"]}])");
    start();
    running().set_port_state("A", "stop");
    running().set_port_state("B", "unenlist");
    running().set_group_state("G", "stop");
    write({{"A", ",\"priority\":1"}, {"B", ",\"state\":\"stopped\""}},
          R"(,"sendPortGroups":[{"name":"G","ports":["A"]}])");
    CHECK(reload().code == answer_code::done);
    CHECK(port("A").state == "stopped");
    CHECK(port("B").state == "stopped");
    CHECK(group("G").state == "stopped");
    start();
    CHECK(port("A").state == "stopped");
    CHECK(port("B").state == "stopped");
    CHECK(group("G").state == "stopped");
}

TEST_CASE_FIXTURE(reload_fixture, "a port with messages is removed only if they may be suspended") {
    write({{"Out", ",\"state\":\"stopped\""}, {"Other"}});
    start();
    submit("1", "Out");
    submit("2", "Out");
    write({{"Other"}});
    const reload_answer refused = reload();
    CHECK(refused.code == answer_code::not_accepted);
    CHECK(has(refused.text, "\"Out\" 2 messages"));
    CHECK(submit("3", "Out").code == answer_code::accepted);
    const reload_answer answer = reload({.suspends_removed = true});
    CHECK(answer.code == answer_code::done);
    CHECK(answer.ports.removed == names{"Out"});
    CHECK(answer.suspended == 3);
    CHECK(submit("4", "Out").code == answer_code::no_subscriber);
    CHECK(port("Out").state == "gone");
    const auto listed = running().list({.state = "suspended"});
    REQUIRE(listed.size() == 3);
    CHECK(listed[0].code == "port.removed");
    write({{"Out", ",\"orderedDelivery\":true"}, {"Other"}});
    CHECK(reload().ports.added == names{"Out"});
    CHECK(running().resume({.state = "suspended"}, {}).count == 3);
    CHECK(arrives("Out", {"1", "2", "3"}));
}

TEST_CASE_FIXTURE(reload_fixture, "a group that holds messages is removed only if they may be suspended") {
    write({{"Out"}}, group_of_out);
    start();
    running().set_group_state("G", "stop");
    submit("1");
    write({{"Out"}});
    const reload_answer refused = reload();
    CHECK(refused.code == answer_code::not_accepted);
    CHECK(has(refused.text, "\"G\" holds 1 message"));
    CHECK(group("G").held == 1);
    const reload_answer answer = reload({.suspends_removed = true});
    CHECK(answer.suspended == 1);
    CHECK(answer.groups.removed == names{"G"});
    CHECK(running().resume({.state = "suspended"}, {}).count == 1);
    CHECK(arrives("Out", {"1"}));
}

TEST_CASE_FIXTURE(reload_fixture, "a port that is sending is waited for, and stays as it was where that is too long") {
    write({{"Out", "", "hold"}, {"Other"}});
    start();
    submit("1", "Out");
    REQUIRE(is_in_flight("Out"));
    write({{"Other"}});
    const reload_answer refused = reload();
    CHECK(refused.code == answer_code::not_accepted);
    CHECK(has(refused.text, "still being sent"));
    CHECK(port("Out").state == "started");
    submit("2", "Out");
    CHECK(eventually([&] { return port("Out").active == 2; }));  // it still begins attempts
}

TEST_CASE_FIXTURE(reload_fixture, "what is in flight ends as it began, and an ordered port sends one at a time") {
    write({{"Out", ",\"orderedDelivery\":true", "hold"}});
    start();
    submit("1", "Out");
    REQUIRE(is_in_flight("Out"));
    submit("2", "Out");
    write({{"Out", ",\"orderedDelivery\":true", "delivered", "elsewhere"}});
    CHECK(reload().ports.changed == names{"Out"});
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    CHECK(port("Out").active == 1);  // the second waits for the first, which its old port still has
    CHECK(arrived("elsewhere").empty());
}

TEST_CASE_FIXTURE(reload_fixture, "an adapter is made anew where its handler changed, while the old one still sends") {
    write({{"Out", "", "hold,delivered", "", ",\"retryInterval\":\"1s\""}});
    start();
    submit("1", "Out");
    REQUIRE(is_in_flight("Out"));
    write({{"Out", "", "delivered"}}, "", R"("Password":"inline")");
    CHECK(reload().renewed_adapters == names{"TEST"});
    CHECK(submit("2", "Out", wait_for::end).code == answer_code::done);
    CHECK(port("Out").active == 1);
    CHECK(reload().renewed_adapters.empty());
}

TEST_CASE_FIXTURE(reload_fixture,
                  "an adapter that is replaced while no further thread can be had waits to be stopped") {
    write({{"Out"}});
    start();
    write({{"Out"}}, "", R"("Password":"inline")");
    {
        const thread_shortage shortage(1);  // for the new one
        CHECK(reload().renewed_adapters == names{"TEST"});
    }
    CHECK(submit("1", "Out", wait_for::end).code == answer_code::done);
    close();
}

TEST_CASE_FIXTURE(reload_fixture, "there is one reload at a time, and a stop does not wait for its port") {
    write({{"Out", "", "hold"}, {"Other"}});
    start();
    submit("1", "Out");
    REQUIRE(is_in_flight("Out"));
    write({{"Other"}});
    std::future<reload_answer> first = std::async(std::launch::async, [&] {
        reload_answer answer;
        do {  // until it is the one that is under way
            answer = running().reload(load(), {.in_flight_wait_ms = 600'000});
        } while (has(answer.text, "under way"));
        return answer;
    });
    reload_answer second;
    REQUIRE(eventually([&] {
        second = running().reload(load(), {.in_flight_wait_ms = 0});
        return has(second.text, "under way");
    }));
    CHECK(second.code == answer_code::not_accepted);
    running().stop(0);
    CHECK(first.get().code == answer_code::not_accepted);
    CHECK(has(reload().text, "stopping"));
}

TEST_CASE_FIXTURE(reload_fixture,
                  "a submission that was begun before a reload is routed by what is in force at its end") {
    write({{"Out"}, {"Filtered", "," + kind_x}});
    start();
    slow_submission to_a_port(running(), "Out");
    slow_submission to_filters(running(), "");
    std::this_thread::sleep_for(std::chrono::milliseconds(50));  // not needed for the outcome: both have begun
    SUBCASE("its port changed") {
        write({{"Out", "", "delivered", "elsewhere"}, {"Instead", "," + kind_x}});
        CHECK(reload().code == answer_code::done);
        CHECK(to_a_port.end().code == answer_code::accepted);
        CHECK(to_filters.end().code == answer_code::accepted);
        CHECK(arrives("elsewhere", {"begun,ended"}));
        CHECK(arrives("Instead", {"begun,ended"}));
    }
    SUBCASE("its port has gone") {
        write({{"Unlike"}});
        CHECK(reload().code == answer_code::done);
        CHECK(to_a_port.end().code == answer_code::no_subscriber);
        CHECK(to_filters.end().code == answer_code::no_subscriber);
        CHECK(running().list({}).empty());
    }
}

TEST_CASE_FIXTURE(reload_fixture, "a port that becomes ordered, or is not any more, delivers all that it has") {
    write({{"Out", ",\"state\":\"stopped\""}});
    start();
    submit("1", "Out");
    write({{"Out", ",\"state\":\"stopped\",\"orderedDelivery\":true"}});
    CHECK(reload().code == answer_code::done);
    submit("2", "Out");
    running().set_port_state("Out", "start");
    CHECK(arrives("Out", {"1", "2"}));
    running().set_port_state("Out", "stop");
    submit("3", "Out");
    write({{"Out", ",\"state\":\"stopped\""}});
    CHECK(reload().code == answer_code::done);
    running().set_port_state("Out", "start");
    CHECK(arrives("Out", {"1", "2", "3"}));
}

TEST_CASE_FIXTURE(reload_fixture, "one that was suspended before its port became ordered holds back nothing") {
    write({{"Out", "", "rejected"}});
    start();
    CHECK(submit("1", "Out", wait_for::end).code == answer_code::suspended);
    write({{"Out", ",\"orderedDelivery\":true,\"stopSendingOnFailure\":true"}});
    CHECK(reload().code == answer_code::done);
    CHECK(submit("2", "Out", wait_for::end).code == answer_code::done);
    CHECK(port("Out").note.empty());
    CHECK(running().resume({.port = "Out"}, {}).count == 1);
    CHECK(arrives("Out", {"2", "1"}));
}

TEST_CASE_FIXTURE(reload_fixture, "what waits for a suspended one says so, until its port does not stop any more") {
    write({{"Out", ",\"orderedDelivery\":true,\"stopSendingOnFailure\":true", "rejected"}});
    start();
    CHECK(submit("1", "Out", wait_for::end).code == answer_code::suspended);
    submit("2", "Out");
    const auto listed = running().list({});
    REQUIRE(listed.size() == 2);
    const std::string holder = "delivery " + std::to_string(listed[0].delivery);
    CHECK(has(listed[1].text, "waits for " + holder + ", which is suspended: ordered, stopSendingOnFailure"));
    CHECK(running().show(std::to_string(listed[1].delivery)).at(0).summary.text == listed[1].text);
    CHECK(has(port("Out").note, holder + " is suspended, and what comes after it waits"));
    write({{"Out", ",\"orderedDelivery\":true"}});
    CHECK(reload().code == answer_code::done);
    CHECK(arrives("Out", {"2"}));
    CHECK(port("Out").note.empty());
}

TEST_CASE_FIXTURE(reload_fixture, "a client's reload is what the program made of it") {
    write({{"Out"}});
    start();
    CHECK(running().reload(reload_options{}).code == answer_code::bad_input);
    open({.on_reload = [this](host& self, const reload_options& options) { return self.reload(load(), options); }});
    running().start();
    write({{"Out"}, {"New"}});
    CHECK(running().reload(reload_options{}).ports.added == names{"New"});
}

TEST_CASE_FIXTURE(reload_fixture, "submissions, lists, ports that change and reloads at the same time lose nothing") {
    const auto write_variant = [this](int variant) {
        write({{"Ordered", ",\"orderedDelivery\":true,\"priority\":" + std::to_string(1 + variant % 9)},
               {"Free", variant % 2 == 0 ? "" : "," + kind_x},
               {"Side" + std::to_string(variant % 3)}},
              R"(,"sendPortGroups":[{"name":"G","ports":["Free"],)" + kind_x + "}]",
              variant % 4 < 2 ? "" : R"("Password":"inline")");
    };
    write_variant(0);
    start();
    constexpr int submitter_count = 2;
    constexpr int each = 150;
    std::atomic<int> left{submitter_count};
    std::atomic<int> refused{0};
    std::vector<std::thread> threads;
    for (int s = 0; s < submitter_count; ++s) {
        threads.emplace_back([&, s] {
            for (int i = 0; i < each; ++i) {
                const std::string body = std::to_string(s) + "/" + std::to_string(i);
                refused += submit(body, "Ordered").code == answer_code::accepted ? 0 : 1;
                refused += submit(body).code == answer_code::accepted ? 0 : 1;  // by the port's filter or the group's
            }
            --left;
        });
    }
    threads.emplace_back([&] {
        while (left > 0) {
            running().status();
            running().set_group_state("G", "stop");
            running().list({});
            running().set_group_state("G", "start");
            running().set_port_state("Free", "stop");
            running().set_port_state("Free", "start");
        }
    });
    int variant = 0;
    while (left > 0) {
        write_variant(++variant);
        const reload_answer answer = reload({.in_flight_wait_ms = 60'000});
        CHECK_MESSAGE(answer.code == answer_code::done, answer.text);
    }
    for (std::thread& one : threads) {
        one.join();
    }
    MESSAGE(variant << " reloads");
    CHECK(refused == 0);
    REQUIRE(eventually([&] {
        return arrived("Ordered").size() == submitter_count * each && arrived("Free").size() == submitter_count * each;
    }));
    for (const std::string place : {"Ordered", "Free"}) {
        std::map<char, int> next;
        bodies got = arrived(place);
        for (const std::string& body : got) {
            if (place == "Ordered") {
                CHECK(std::stoi(body.substr(2)) == next[body[0]]++);
            }
        }
        std::sort(got.begin(), got.end());
        CHECK(std::unique(got.begin(), got.end()) == got.end());
    }
    CHECK(running().list({}).empty());
}
