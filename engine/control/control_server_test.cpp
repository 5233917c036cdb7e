#include "control/control_server.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <future>

#include "control/control_client.hpp"
#include "control/control_fixture.hpp"

using namespace hawser;
using namespace hawser::engine;
using namespace hawser::engine::control;
using namespace hawser::engine::control::test;

namespace {

struct running_server {
    temporary_folder folder;
    fake_bus bus;
    std::string path = folder.file("box.db.sock");
    control_server server{bus, path};
    running_server() { server.start(); }
    std::unique_ptr<hawser::bus> client() const {
        hawser::opened<hawser::bus> opened = connect_control(path);
        REQUIRE_MESSAGE(opened.value, opened.text);
        return std::move(opened.value);
    }
};

submission one_part(std::string bytes) {
    submission message{.port = "Out"};
    message.parts.push_back({.bytes = std::move(bytes)});
    return message;
}

}  // namespace

TEST_CASE("a submission arrives whole: names, properties, options, and the answer goes back whole") {
    running_server running;
    running.bus.on_submit = [](const submission&, const submit_options&) {
        return submit_answer{
            .code = answer_code::suspended,
            .message_id = "id-7",
            .is_repeat = true,
            .text = "why",
            .deliveries = {{.delivery = 42,
                            .port = "Out",
                            .state = "suspended",
                            .code = "smtp.x",
                            .text = "550 no",
                            .attempts = 3,
                            .next_attempt_unix_ms = 1'700'000'000'123,
                            .recipients = {{.address = "a@b.example", .verdict = "failed", .text = "550"}}}}};
    };
    submission message = one_part(std::string("a\0b\xff", 4));
    message.receive_port = "In";
    message.key = "k 1";
    message.properties.push_back({.name = "SMTP.Subject",
                                  .value = "Gr\xc3\xbc\xc3\x9f"
                                           "e\n",
                                  .type = "string",
                                  .is_promoted = false});
    message.parts[0].content_type = "application/pdf";
    message.parts[0].file_name = "i.pdf";
    message.parts.push_back({.name = "second", .charset = "utf-8", .bytes = ""});
    const submit_answer answer =
        running.client()->submit(message, {.wait = wait_for::first_attempt, .wait_max_ms = 600'000});

    REQUIRE(running.bus.submissions.size() == 1);
    const submission& seen = running.bus.submissions[0];
    CHECK(seen.port == "Out");
    CHECK(seen.receive_port == "In");
    CHECK(seen.key == "k 1");
    REQUIRE(seen.properties.size() == 1);
    CHECK(seen.properties[0].value ==
          "Gr\xc3\xbc\xc3\x9f"
          "e\n");
    CHECK_FALSE(seen.properties[0].is_promoted);
    REQUIRE(seen.parts.size() == 2);
    CHECK(seen.parts[0].content_type == "application/pdf");
    CHECK(seen.parts[0].file_name == "i.pdf");
    CHECK(seen.parts[1].name == "second");
    CHECK(running.bus.bodies[0] == std::vector<std::string>{std::string("a\0b\xff", 4), ""});
    CHECK(running.bus.options_seen[0].wait == wait_for::first_attempt);
    CHECK(running.bus.options_seen[0].wait_max_ms == 600'000);

    CHECK(answer.code == answer_code::suspended);
    CHECK(answer.message_id == "id-7");
    CHECK(answer.is_repeat);
    REQUIRE(answer.deliveries.size() == 1);
    CHECK(answer.deliveries[0].delivery == 42);
    CHECK(answer.deliveries[0].next_attempt_unix_ms == 1'700'000'000'123);
    REQUIRE(answer.deliveries[0].recipients.size() == 1);
    CHECK(answer.deliveries[0].recipients[0].address == "a@b.example");
}

TEST_CASE("bodies are read from files at their position, and from pipes to their end") {
    running_server running;
    write_text(running.folder.file("in"), "0123456789");
    const descriptor file(::open(running.folder.file("in").c_str(), O_RDONLY | O_CLOEXEC));
    REQUIRE(::lseek(file.get(), 4, SEEK_SET) == 4);
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    const descriptor pipe_end(ends[0]);
    const std::string piped(200'000, 'p');
    std::thread writer([&] {
        descriptor out(ends[1]);
        for (std::size_t at = 0; at < piped.size();) {
            at += static_cast<std::size_t>(::write(out.get(), piped.data() + at, piped.size() - at));
        }
    });
    submission message{.port = "Out"};
    message.parts.push_back({.descriptor = file.get()});
    message.parts.push_back({.descriptor = pipe_end.get()});
    CHECK(running.client()->submit(message, {}).code == answer_code::done);
    writer.join();
    CHECK(running.bus.bodies[0] == std::vector<std::string>{"456789", piped});
    CHECK(::lseek(file.get(), 0, SEEK_CUR) == 10);  // "read to its end", as in the same process
}

TEST_CASE("a key is made where the client gave none, and is another each time") {
    running_server running;
    const auto client = running.client();
    client->submit(one_part("x"), {});
    client->submit(one_part("x"), {});
    CHECK(running.bus.submissions[0].key.size() == 36);
    CHECK(running.bus.submissions[0].key != running.bus.submissions[1].key);
}

TEST_CASE("progress comes to the caller") {
    running_server running;
    running.bus.on_submit = [](const submission&, const submit_options& options) {
        REQUIRE(options.on_progress);
        options.on_progress(4096);
        return submit_answer{};
    };
    std::uint64_t seen = 0;
    submit_options options;
    options.on_progress = [&](std::uint64_t bytes) { seen = bytes; };
    running.client()->submit(one_part("x"), options);
    CHECK(seen == 4096);
}

TEST_CASE("the other calls carry their values both ways") {
    running_server running;
    const auto client = running.client();
    running.bus.summaries = {{.delivery = 9,
                              .message_id = "m",
                              .unique_id = "u",
                              .port = "P",
                              .state = "retrying",
                              .published_unix_ms = 1,
                              .due_unix_ms = 2,
                              .attempts = 3,
                              .size = 1ULL << 40,
                              .code = "c",
                              .text = "bad \xff text",
                              .ended_unix_ms = 17,
                              .held_for = "G"}};
    const std::vector<message_summary> list = client->list({.port = "P",
                                                            .state = "retrying",
                                                            .after = 5,
                                                            .count_max = 7,
                                                            .published_from_unix_ms = 1'700'000'000'123,
                                                            .published_before_unix_ms = 1'700'000'000'456});
    REQUIRE(list.size() == 1);
    CHECK(list[0].size == 1ULL << 40);
    CHECK(list[0].ended_unix_ms == 17);
    CHECK(list[0].held_for == "G");
    CHECK(list[0].text == "bad \xef\xbf\xbd text");  // U+FFFD for what is not UTF-8
    CHECK(running.bus.filters.back().after == 5);
    CHECK(running.bus.filters.back().count_max == 7);
    CHECK(running.bus.filters.back().published_from_unix_ms == 1'700'000'000'123);
    CHECK(running.bus.filters.back().published_before_unix_ms == 1'700'000'000'456);

    running.bus.details = {
        {.summary = running.bus.summaries[0],
         .properties = {{.name = "BTS.MessageID", .value = "m"}},
         .parts = {{.name = "body", .content_type = "text/plain", .file_name = "f", .size = 3, .is_body = true}},
         .history =
             {{.attempt = 1, .started_unix_ms = 10, .ended_unix_ms = 20, .transport = "SMTP", .verdict = "retry"}},
         .has_properties_after = true,
         .properties_after = {{.name = "SMTP.To", .value = "a@b"}},
         .size_after = 4}};
    const std::vector<message_detail> details = client->show("9");
    REQUIRE(details.size() == 1);
    CHECK(details[0].parts[0].is_body);
    CHECK(details[0].history[0].ended_unix_ms == 20);
    CHECK(details[0].has_properties_after);
    CHECK(details[0].properties_after.at(0).name == "SMTP.To");
    CHECK(details[0].size_after == 4);

    const change_answer resumed =
        client->resume({.error = "550", .properties = {{.name = "T.P", .value = "v"}}, .deliveries = {9, 8}},
                       {.set = {{.name = "SMTP.To", .value = "x@y"}}, .unset = {"SMTP.CC"}});
    CHECK(resumed.count == 3);
    REQUIRE(resumed.skipped.size() == 1);
    CHECK(resumed.skipped[0].delivery == 8);
    CHECK(resumed.skipped[0].text == "gone");
    CHECK(running.bus.edits.set[0].value == "x@y");
    CHECK(running.bus.edits.unset == std::vector<std::string>{"SMTP.CC"});
    CHECK(running.bus.filters.back().error == "550");
    CHECK(running.bus.filters.back().properties[0].name == "T.P");
    CHECK(running.bus.filters.back().deliveries == std::vector<std::int64_t>{9, 8});
    CHECK(client->terminate({.message_id = "9"}).code == answer_code::not_found);
    CHECK(client->set_port_state("P", "stop").count == 1);
    CHECK(running.bus.ids.back() == "P stop");
    CHECK(client->set_group_state("G", "start").count == 1);
    CHECK(running.bus.ids.back() == "group G start");

    running.bus.status_value = {.host_name = "H", .is_running = true, .process_id = 77, .warnings = {"w"}};
    running.bus.status_value.groups = {
        {.name = "G", .state = "stopped", .ports = {"P", "Q"}, .held = 1ULL << 40, .note = "n"}};
    running.bus.status_value.ports.push_back(
        {.name = "P", .state = "started", .queued = 1, .suspended = 4, .note = "n"});
    const host_status status = client->status();
    CHECK(status.is_running);
    CHECK(status.process_id == 77);
    CHECK(status.ports[0].suspended == 4);
    CHECK(status.warnings == std::vector<std::string>{"w"});
    running.bus.port_list = status.ports;
    CHECK(client->ports()[0].note == "n");
    running.bus.receive_port_list = {{.name = "In", .pipeline = "Opened", .components = {"decode X", "validate Y"}}};
    REQUIRE(client->receive_ports().size() == 1);
    CHECK(client->receive_ports()[0].pipeline == "Opened");
    CHECK(client->receive_ports()[0].components == std::vector<std::string>{"decode X", "validate Y"});
    for (const std::vector<group_summary>& groups : {status.groups, client->groups()}) {
        REQUIRE(groups.size() == 1);
        CHECK(groups[0].ports == std::vector<std::string>{"P", "Q"});
        CHECK(groups[0].held == 1ULL << 40);
        CHECK(groups[0].note == "n");
    }
}

TEST_CASE("a reload is asked for with its options, and answered with all that it says") {
    running_server running;
    running.bus.reload_value = {.code = answer_code::bad_input,
                                .text = "t",
                                .ports = {.added = {"A"}, .changed = {"C"}, .removed = {"R"}},
                                .groups = {.added = {"G"}, .changed = {}, .removed = {}},
                                .renewed_adapters = {"SMTP"},
                                .suspended = 7,
                                .notes = {"n"}};
    problem wrong;
    wrong.file = "b.json";
    wrong.line = 3;
    wrong.column = 9;
    wrong.pointer = "/host";
    wrong.text = "bad";
    running.bus.reload_value.problems = {wrong};
    const reload_answer answer = running.client()->reload({.suspends_removed = true, .in_flight_wait_ms = 1234});
    CHECK(running.bus.reload_seen.suspends_removed);
    CHECK(running.bus.reload_seen.in_flight_wait_ms == 1234);
    CHECK(answer.code == answer_code::bad_input);
    CHECK(answer.text == "t");
    REQUIRE(answer.problems.size() == 1);
    CHECK(answer.problems[0].is_error);
    CHECK(answer.problems[0].file == "b.json");
    CHECK(answer.problems[0].line == 3);
    CHECK(answer.problems[0].column == 9);
    CHECK(answer.problems[0].pointer == "/host");
    CHECK(answer.problems[0].text == "bad");
    CHECK(answer.ports.added == std::vector<std::string>{"A"});
    CHECK(answer.ports.changed == std::vector<std::string>{"C"});
    CHECK(answer.ports.removed == std::vector<std::string>{"R"});
    CHECK(answer.groups.added == std::vector<std::string>{"G"});
    CHECK(answer.renewed_adapters == std::vector<std::string>{"SMTP"});
    CHECK(answer.suspended == 7);
    CHECK(answer.notes == std::vector<std::string>{"n"});
}

TEST_CASE("save writes to a file, and through a copy to a pipe") {
    running_server running;
    running.bus.saved = "the body";
    const descriptor file(::open(running.folder.file("out").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    CHECK(running.client()->save(5, "body", content_point::after_pipeline, file.get()).code == answer_code::done);
    CHECK(running.bus.ids.back() == "5/body/after");
    ::lseek(file.get(), 0, SEEK_SET);
    CHECK(read_all(file.get()) == "the body");
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    const descriptor out(ends[0]);
    descriptor in(ends[1]);
    CHECK(running.client()->save(5, "", content_point::before_pipeline, in.get()).code == answer_code::done);
    in.reset();
    CHECK(read_all(out.get()) == "the body");
    CHECK(running.bus.ids.back() == "5/");
}

TEST_CASE("a client that waits holds up nobody, and its wait ends when it is abandoned or the server stops") {
    running_server running;
    std::promise<void> is_waiting;
    running.bus.on_submit = [&](const submission&, const submit_options& options) {
        is_waiting.set_value();
        while (!options.is_abandoned()) {
            std::this_thread::yield();
        }
        return submit_answer{.code = answer_code::accepted, .message_id = "kept"};
    };
    std::atomic<bool> has_given_up{false};
    submit_options options{.wait = wait_for::end};
    options.is_abandoned = [&] { return has_given_up.load(); };
    std::future<submit_answer> waiting =
        std::async(std::launch::async, [&] { return running.client()->submit(one_part("x"), options); });
    is_waiting.get_future().wait();
    CHECK(running.client()->status().process_id == 0);  // answered while the other waits
    SUBCASE("abandoned") { has_given_up = true; }
    SUBCASE("stopped") { running.server.stop(); }
    const submit_answer answer = waiting.get();
    CHECK(answer.code == answer_code::accepted);
    CHECK(answer.message_id == "kept");
}

TEST_CASE("a lost answer is asked for again with the same key; without a clear answer then, the key is named") {
    temporary_folder folder;
    const std::string path = folder.file("s.sock");
    result<descriptor> listener = listen_on(path);
    REQUIRE(listener);
    const std::string yes =
        R"({"v":1,"answer":{"code":"done","message_id":"m","is_repeat":true,"text":"","deliveries":[]}})";
    const std::string no =
        R"({"v":1,"answer":{"code":"not_accepted","message_id":"","is_repeat":false,"text":"full","deliveries":[]}})";
    std::string second;
    SUBCASE("answered the second time") { second = yes; }
    SUBCASE("refused the second time: the first may have been stored") { second = no; }
    SUBCASE("never answered") {}
    std::vector<std::string> requests;
    std::thread server([&] {
        for (int connection = 0; connection < 3;
             ++connection) {  // hello and submit, then submit again on a new connection
            const descriptor socket(::accept4(listener->get(), nullptr, nullptr, SOCK_CLOEXEC));
            frame request;
            while (read_frame(socket.get(), request_size_max, 10'000, request) == frame_status::done) {
                if (request.json.find("\"hello\"") != std::string::npos) {
                    write_frame(socket.get(), R"({"v":1,"answer":{}})");
                    continue;
                }
                requests.push_back(request.json);
                if (requests.size() == 2 && !second.empty()) {
                    write_frame(socket.get(), second);
                }
                break;
            }
            if (requests.size() == 2) {
                return;
            }
        }
    });
    hawser::opened<hawser::bus> client = connect_control(path);
    REQUIRE(client.value);
    const submit_answer answer = client.value->submit(one_part("x"), {});
    server.join();
    REQUIRE(requests.size() == 2);
    CHECK(requests[0] == requests[1]);
    CHECK(answer.code == (second == yes ? answer_code::done : answer_code::not_accepted));
    CHECK((answer.text.find("--key ") != std::string::npos) == (second != yes));
}

TEST_CASE("the bus's failures reach the client as what they say") {
    running_server running;
    running.bus.fails = true;
    CHECK_THROWS_WITH_AS(running.client()->status(), "the message box is damaged", std::runtime_error);
    running.bus.fails = false;
    CHECK_NOTHROW(running.client()->status());
}

TEST_CASE("the socket is its owner's alone, replaces a stale one, and never a file") {
    temporary_folder folder;
    fake_bus bus;
    const std::string path = folder.file("box.sock");
    {
        const result<descriptor> stale = listen_on(path);  // left behind: closed without being removed
        REQUIRE(stale);
    }
    CHECK(connect_control(path).code == "host.not-running");
    control_server server(bus, path);
    server.start();
    struct stat found {};
    REQUIRE(::stat(path.c_str(), &found) == 0);
    CHECK((found.st_mode & 07777) == 0600);
    CHECK(connect_control(path).value);
    server.stop();
    CHECK(::stat(path.c_str(), &found) != 0);
    CHECK(connect_control(path).code == "host.not-running");

    write_text(path, "precious");
    control_server blocked(bus, path);
    CHECK_THROWS_AS(blocked.start(), std::runtime_error);
    const descriptor kept(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    CHECK(read_all(kept.get()) == "precious");
}

TEST_CASE("a path longer than sun_path works; a name that cannot be made to fit is refused with a reason") {
    temporary_folder folder;
    fake_bus bus;
    std::string deep = folder.path();
    for (int i = 0; i < 4; ++i) {
        deep += "/" + std::string(60, 'd');
        REQUIRE(::mkdir(deep.c_str(), 0700) == 0);
    }
    control_server server(bus, deep + "/box.db.sock");
    server.start();
    CHECK(connect_control(deep + "/box.db.sock").value);
    control_server too_long(bus, deep + "/" + std::string(120, 'n'));
    CHECK_THROWS_WITH_AS(too_long.start(), doctest::Contains("too long"), std::runtime_error);
}

TEST_CASE("another user is refused, even where the file's mode would let it in") {
    if (::geteuid() != 0) {
        MESSAGE("needs root to become another user: not run");
        return;
    }
    running_server running;
    REQUIRE(::chmod(running.folder.path().c_str(), 0777) == 0);
    REQUIRE(::chmod(running.path.c_str(), 0777) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
        const bool is_other = ::setuid(65534) == 0;
        result<descriptor> connection = connect_to(running.path);
        frame answer;
        const bool is_refused = connection &&
                                read_frame(connection->get(), answer_size_max, 10'000, answer) == frame_status::done &&
                                answer.json.find("host.refused") != std::string::npos;
        ::_exit(is_other && is_refused ? 0 : 1);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
}

TEST_CASE("clients over the limit are told so, and come in again when one has gone") {
    running_server running;
    std::vector<descriptor> crowd;
    for (int i = 0; i < control_server::clients_max; ++i) {
        result<descriptor> one = connect_to(running.path);
        REQUIRE(one);
        REQUIRE(write_frame(one->get(), R"({"v":1,"call":"hello"})"));
        frame answer;
        REQUIRE(read_frame(one->get(), answer_size_max, 10'000, answer) == frame_status::done);
        crowd.push_back(std::move(*one));
    }
    const hawser::opened<hawser::bus> refused = connect_control(running.path);
    CHECK(refused.code == "host.refused");
    CHECK(refused.text.find("64") != std::string::npos);
    crowd.clear();
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    bool is_in = false;
    while (!is_in && std::chrono::steady_clock::now() < deadline) {
        is_in = connect_control(running.path).value != nullptr;
    }
    CHECK(is_in);
}
