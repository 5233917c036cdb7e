// For this room's tests: a folder with a bindings file over the test adapter, hosts opened with it, and what arrived.
#pragma once

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "hawser/host.hpp"

namespace hawser::engine::test {

namespace fs = std::filesystem;

inline bool eventually(const std::function<bool()>& holds) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!holds()) {
        if (std::chrono::steady_clock::now() > end) {
            return false;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
}

struct test_port {
    std::string name;
    std::string more = {};               // further members of the port: `, "priority": 1`
    std::string outcomes = "delivered";  // of the test adapter
    std::string folder = {};             // where its messages arrive; "" = its name
    std::string transport_more = {};     // further members of the transport
};

class host_fixture {
public:
    host_fixture() {
        std::string pattern = (fs::temp_directory_path() / "hawser-host-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
    }
    host_fixture(const host_fixture&) = delete;
    host_fixture& operator=(const host_fixture&) = delete;
    ~host_fixture() {
        close();  // an adapter may still be writing
        fs::remove_all(folder_);
    }

    fs::path path(const std::string& name) const { return folder_ / name; }

    // `more`: further members of the bindings, `handler`: of the adapter's handler.
    void write(const std::vector<test_port>& ports, const std::string& more = "", const std::string& handler = "",
               const std::string& box = "state/box.db") {
        std::string text;
        for (const test_port& port : ports) {
            const std::string place = port.folder.empty() ? port.name : port.folder;
            fs::create_directories(path(place));
            text += (text.empty() ? "" : ",\n") + ("{\"name\":\"" + port.name + "\"" + port.more) +
                    R"(,"primaryTransport":{"type":"TEST","address":"test:)" + path(place).string() +
                    R"(/","properties":{"Outcomes":")" + port.outcomes + R"(","CallsFile":")" +
                    path(place + ".calls").string() + "\"}" + port.transport_more + "}}";
        }
        std::ofstream(path("b.json")) << "{\"host\":{\"name\":\"T\",\"messageBox\":{\"type\":\"sqlite\",\"path\":\"" +
                                             box +
                                             "\"}},\"plugins\":[\"" TEST_PLUGIN "\"],\"sendHandlers\":{\"TEST\":{" +
                                             handler + "}},\"sendPorts\":[" + text + "]" + more + "}";
    }

    load_result load() const { return hawser::load(path("b.json").string()); }

    // With the bindings as they are now; the last one has to be closed before.
    host& open(host_options options = {}) {
        host_.reset();
        load_result loaded = load();
        for (const problem& one : loaded.problems) {
            INFO(one.line_text());
            REQUIRE_FALSE(one.is_error);
        }
        loaded_ = std::move(loaded.value);
        opened<host> made = open_host(*loaded_, options);
        REQUIRE_MESSAGE(made.value, made.text);
        host_ = std::move(made.value);
        return *host_;
    }
    host& start() {
        open();
        host_->start();
        return *host_;
    }
    void close() { host_.reset(); }
    host& running() { return *host_; }

    submit_answer submit(const std::string& body, const std::string& port = "", wait_for wait = wait_for::nothing) {
        submission message;
        message.port = port;
        message.properties = {{.name = "T.Kind", .value = "x"}};
        message.parts = {{.name = "body", .bytes = body}};
        return host_->submit(message, {.wait = wait, .wait_max_ms = 30'000});
    }

    // The bodies that arrived in a folder, in the order in which they did.
    std::vector<std::string> arrived(const std::string& place) const {
        std::vector<std::string> bodies;
        std::ifstream calls(path(place + ".calls"));
        for (std::string line; std::getline(calls, line);) {
            std::istringstream words(line);
            std::string adapter;
            std::string id;
            words >> adapter >> id;
            if (line.ends_with(" delivered")) {
                std::ifstream body(path(place) / (id + ".body"), std::ios::binary);
                bodies.emplace_back(std::istreambuf_iterator<char>(body), std::istreambuf_iterator<char>());
            }
        }
        return bodies;
    }
    bool arrives(const std::string& place, const std::vector<std::string>& bodies) const {
        return eventually([&] { return arrived(place).size() >= bodies.size(); }) && arrived(place) == bodies;
    }

    port_summary port(const std::string& name) {
        for (const port_summary& one : host_->ports()) {
            if (one.name == name) {
                return one;
            }
        }
        return {};
    }
    group_summary group(const std::string& name) {
        for (const group_summary& one : host_->groups()) {
            if (one.name == name) {
                return one;
            }
        }
        return {};
    }

private:
    fs::path folder_;
    std::unique_ptr<configuration> loaded_;
    std::unique_ptr<host> host_;
};

inline const std::string kind_x = R"("filter":{"anyOf":[{"allOf":[["T.Kind","==","x"]]}]})";
inline const std::string group_of_out = R"(,"sendPortGroups":[{"name":"G","ports":["Out"],)" + kind_x + "}]";

}  // namespace hawser::engine::test
