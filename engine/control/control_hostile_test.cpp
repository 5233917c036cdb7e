// What a client may not do, said to a running server over a raw connection: an error each time, and the server goes on.
#include <doctest/doctest.h>
#include <sys/socket.h>

#include "control/control_fixture.hpp"
#include "control/control_server.hpp"

using namespace hawser::engine;
using namespace hawser::engine::control;
using namespace hawser::engine::control::test;

namespace {

const char* const whole_options = R"("options":{"wait":"nothing","wait_max_ms":-1,"progress":false})";

std::string submit_text(const std::string& part, const std::string& options = whole_options) {
    return R"({"v":1,"call":"submit","message":{"port":"P","receive_port":"","key":"","properties":[],"parts":[)" +
           part + "]}," + options + "}";
}
std::string part_text(int index, long offset = 0) {
    return R"({"name":"b","content_type":"","charset":"","file_name":"","descriptor":)" + std::to_string(index) +
           R"(,"offset":)" + std::to_string(offset) + "}";
}

}  // namespace

TEST_CASE("requests that make no sense are answered with an error, and change nothing") {
    temporary_folder folder;
    fake_bus bus;
    const std::string path = folder.file("s");
    control_server server(bus, path);
    server.start();
    std::vector<std::string> requests = {
        "",
        "nonsense",
        "[]",
        "{",
        "{}",
        R"({"v":1})",
        R"({"v":1,"call":7})",
        R"({"v":1,"call":"format_disk"})",
        R"({"v":1,"call":"list"})",
        R"({"v":1,"call":"list","filter":[]})",
        R"({"v":1,"call":"list","filter":{"port":1,"state":"","message_id":"","after":0,"count_max":1}})",
        R"({"v":1,"call":"list","filter":{"port":"","state":"","message_id":"","after":0,"count_max":-1}})",
        R"({"v":1,"call":"list","filter":{"port":"","state":"","message_id":"","after":0,"count_max":4294967296}})",
        R"({"v":1,"call":"list","filter":{"port":"","state":"","message_id":"","after":9223372036854775808,)"
        R"("count_max":1}})",
        R"({"v":1,"call":"show"})",
        R"({"v":1,"call":"save","delivery":1,"part":"","point":"before"})",
        R"({"v":1,"call":"set_group_state","group":"G"})",
        R"({"v":1,"call":"set_group_state","group":["G"],"action":"stop"})",
        R"({"v":1,"call":"set_group_state","action":"stop"})",
        R"({"v":1,"call":"reload"})",
        R"({"v":1,"call":"reload","options":[]})",
        R"({"v":1,"call":"reload","options":{"suspends_removed":1,"in_flight_wait_ms":0}})",
        R"({"v":1,"call":"reload","options":{"suspends_removed":true}})",
        R"({"v":1,"call":"reload","options":{"suspends_removed":true,"in_flight_wait_ms":-1}})",
        R"({"v":1,"call":"reload","options":{"suspends_removed":true,"in_flight_wait_ms":4294967296}})",
        submit_text(part_text(0)),  // no descriptor came
        submit_text("", R"("options":{"wait":"later","wait_max_ms":-1,"progress":false})"),
        "{\"v\":1,\"call\":\"\xff\xfe\"}",
        std::string(200'000, '['),
        R"({"v":1,"call":)" + std::string(5000, '['),
    };
    for (const std::string& request : requests) {
        CAPTURE(request.substr(0, 120));
        const std::string answer = ask_raw(path, request);
        CHECK(answer.find("protocol.bad-request") != std::string::npos);
    }
    CHECK(ask_raw(path, R"({"v":2,"call":"status"})").find("protocol.version") != std::string::npos);
    CHECK(ask_raw(path, std::string(request_size_max + 1, ' ')).find("protocol.too-large") != std::string::npos);
    CHECK(bus.submissions.empty());
    CHECK(bus.filters.empty());
    CHECK(bus.ids.empty());
    CHECK_FALSE(bus.reload_seen.suspends_removed);
    CHECK(ask_raw(path, R"({"v":1,"call":"status"})").find("\"answer\"") != std::string::npos);
}

TEST_CASE("descriptors are of regular files, readable, each of one part, at a real offset") {
    temporary_folder folder;
    fake_bus bus;
    bus.saved = "x";
    const std::string path = folder.file("s");
    control_server server(bus, path);
    server.start();
    write_text(folder.file("f"), "body");
    const descriptor readable(::open(folder.file("f").c_str(), O_RDONLY | O_CLOEXEC));
    const descriptor writable(::open(folder.file("f").c_str(), O_WRONLY | O_CLOEXEC));
    const descriptor location(::open(folder.file("f").c_str(), O_PATH | O_CLOEXEC));
    const descriptor directory(::open(folder.path().c_str(), O_RDONLY | O_CLOEXEC));
    const descriptor device(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    const descriptor pipe_out(ends[0]);
    const descriptor pipe_in(ends[1]);

    for (const int wrong : {writable.get(), location.get(), directory.get(), device.get(), pipe_out.get()}) {
        CAPTURE(wrong);
        CHECK(ask_raw(path, submit_text(part_text(0)), {wrong}).find("protocol.bad-request") != std::string::npos);
    }
    CHECK(ask_raw(path, submit_text(part_text(1)), {readable.get()}).find("protocol.bad-request") != std::string::npos);
    CHECK(ask_raw(path, submit_text(part_text(0, -1)), {readable.get()}).find("protocol.bad-request") !=
          std::string::npos);
    CHECK(
        ask_raw(path, submit_text(part_text(0) + "," + part_text(0)), {readable.get()}).find("protocol.bad-request") !=
        std::string::npos);
    CHECK(ask_raw(path, R"({"v":1,"call":"status"})", {readable.get()}).find("protocol.bad-request") !=
          std::string::npos);
    const std::string save = R"({"v":1,"call":"save","delivery":1,"part":"","point":"before"})";
    CHECK(ask_raw(path, save, {readable.get()}).find("protocol.bad-request") != std::string::npos);
    CHECK(ask_raw(path, save, {pipe_in.get()}).find("protocol.bad-request") != std::string::npos);
    CHECK(bus.submissions.empty());
    CHECK(bus.ids.empty());

    CHECK(ask_raw(path, submit_text(part_text(0, 1)), {readable.get()}).find("\"done\"") != std::string::npos);
    CHECK(bus.bodies.at(0) == std::vector<std::string>{"ody"});
}

TEST_CASE("a client that breaks off leaves the server as it was") {
    temporary_folder folder;
    fake_bus bus;
    const std::string path = folder.file("s");
    control_server server(bus, path);
    server.start();
    for (const std::string& piece : {std::string("\0\0", 2), std::string("\0\0\0\x20{\"v\"", 8),
                                     std::string("\0\0\0\x15{\"v\":1,\"call\":\"list\"}", 25)}) {
        const result<descriptor> connection = connect_to(path);
        REQUIRE(connection);
        REQUIRE(::send(connection->get(), piece.data(), piece.size(), MSG_NOSIGNAL) ==
                static_cast<ssize_t>(piece.size()));
    }
    CHECK(ask_raw(path, R"({"v":1,"call":"status"})").find("\"answer\"") != std::string::npos);
    server.stop();  // joins every client's thread: a hang here is the failure
    CHECK(ask_raw(path, "{}") == "not connected");
}
