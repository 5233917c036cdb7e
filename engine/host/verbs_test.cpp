// The verbs against a scripted engine: which exit code, what is printed where, and what the engine is asked for.
#include "host/verbs.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/thread_shortage.hpp"
#include "host/verbs_fixture.hpp"

using namespace hawser;
using namespace hawser::command;
using namespace hawser::command::test;
using nlohmann::json;

TEST_CASE_FIXTURE(folder_fixture, "check: 0 with a summary, 78 with every problem on standard error") {
    script.summary = {.host_name = "H", .send_ports = {"A", "B"}, .pipelines = 1};
    script.problems = {{.is_error = false, .file = "b.json", .line = 3, .column = 7, .text = "an inline password"}};
    outcome got = captured(folder, check, given("check"));
    CHECK(got.code == 0);
    CHECK(contains(got.out, "ok: 2 send ports, 1 named pipeline"));
    CHECK(contains(got.out, "1 warning"));
    CHECK(contains(got.err, "b.json:3:7: warning: an inline password"));

    script.problems.push_back({.file = "b.json", .line = 5, .column = 1, .text = "first"});
    script.problems.push_back({.file = "b.json", .line = 9, .column = 2, .text = "second"});
    got = captured(folder, check, given("check"));
    CHECK(got.code == 78);
    CHECK(got.out.empty());
    CHECK(contains(got.err, "b.json:5:1: error: first\n"));
    CHECK(contains(got.err, "b.json:9:2: error: second\n"));
    CHECK(contains(got.err, "2 errors"));

    arguments as_json = given("check");
    as_json.is_json = true;
    got = captured(folder, check, as_json);
    CHECK(got.code == 78);
    CHECK(json::parse(got.out)["isOk"] == false);
}

TEST_CASE_FIXTURE(folder_fixture, "bad bindings are 78 in every verb, and nothing is opened") {
    script.problems = {{.file = "b.json", .line = 1, .column = 1, .text = "wrong"}};
    using verb = int (*)(const arguments&);
    for (const verb one : {check, run, send, submit, hawser::command::preview, messages_list, messages_show,
                           messages_resume, messages_terminate, messages_save, ports_list, ports_change,
                           hawser::command::reload, status, plugins_list, schema}) {
        arguments words = given("ports stop");
        words.files = {file};
        words.names = {"1"};
        words.port = "Out";
        const outcome got = captured(folder, one, words);
        CHECK(got.code == 78);
        CHECK(contains(got.err, "b.json:1:1: error: wrong"));
    }
    for (const std::string& call : script.calls) {
        CHECK(call.starts_with("load"));
    }
}

TEST_CASE_FIXTURE(folder_fixture,
                  "send: every answer has its exit code, and a host of our own delivers this port alone") {
    arguments words = given("send");
    words.port = "Out";
    words.files = {file};
    const std::vector<std::pair<answer_code, int>> codes = {
        {answer_code::done, 0},          {answer_code::accepted, 75},  {answer_code::suspended, 69},
        {answer_code::not_accepted, 74}, {answer_code::bad_input, 65}, {answer_code::no_subscriber, 66},
        {answer_code::not_found, 66}};
    for (const auto& [answer, code] : codes) {
        script.submit_answers = {{.code = answer, .message_id = "m", .deliveries = {{.delivery = 42, .port = "Out"}}}};
        script.calls.clear();
        const outcome got = captured(folder, send, words);
        CAPTURE(code);
        CHECK(got.code == code);
        CHECK((code == 0 ? got.err : got.out).empty());
        CHECK(script.calls == std::vector<std::string>{"load b.json", "open delivers=1 serves=0 ports=Out", "start",
                                                       "submit Out", "stop"});
    }
    CHECK(script.options.back().wait == wait_for::first_attempt);
    CHECK(script.options.back().wait_max_ms == -1);
    CHECK(script.submissions.back().key.size() == 32);

    words.wait_ms = 5000;
    captured(folder, send, words);
    CHECK(script.options.back().wait == wait_for::end);
    CHECK(script.options.back().wait_max_ms == 5000);
}

TEST_CASE_FIXTURE(folder_fixture, "send says what is suspended, why, and what to type next") {
    script.submit_answers = {{.code = answer_code::suspended,
                              .message_id = "m",
                              .deliveries = {{.delivery = 42,
                                              .port = "Out",
                                              .state = "suspended",
                                              .code = "smtp.x",
                                              .text = "550 \x1b[31mno",
                                              .attempts = 1,
                                              .recipients = {{"a@b.example", "failed", "550 unknown"},
                                                             {"c@d.example", "delivered", "250"}}}}}};
    script.has_running_host = true;
    arguments words = given("send");
    words.port = "Out";
    words.files = {file};
    words.overlays = {"prod mail.json"};
    outcome got = captured(folder, send, words);
    CHECK(got.code == 69);
    CHECK(contains(got.err, "550 \\x1b[31mno [smtp.x]"));
    CHECK(contains(got.err, "a@b.example: failed: 550 unknown"));
    CHECK_FALSE(contains(got.err, "c@d.example"));
    CHECK(contains(got.err, "hawser messages resume b.json --overlay 'prod mail.json' 42\n"));
    CHECK(script.calls == std::vector<std::string>{"load b.json +prod mail.json", "submit Out"});

    words.is_json = true;
    got = captured(folder, send, words);
    CHECK(got.code == 69);
    CHECK(got.err.empty());
    CHECK(json::parse(got.out)["result"] == "suspended");
    CHECK(json::parse(got.out)["deliveries"][0]["recipients"].size() == 2);
}

TEST_CASE_FIXTURE(folder_fixture,
                  "send does not call suspended what ended undelivered, nor numbers what is not known") {
    arguments words = given("send");
    words.port = "Out";
    words.files = {file};
    script.submit_answers = {
        {.code = answer_code::suspended,
         .message_id = "m",
         .deliveries = {{.delivery = 42, .port = "Out", .state = "terminated", .text = "an operator terminated it"}}},
        {.code = answer_code::accepted,
         .message_id = "m",
         .deliveries = {{.port = "Out", .state = "unknown", .text = "nothing of it is kept"}}}};
    outcome got = captured(folder, send, words);
    CHECK(got.code == 69);
    CHECK(contains(got.err, ": not delivered, message m\n"));
    CHECK(contains(got.err, "Out (delivery 42): terminated: an operator terminated it"));
    CHECK_FALSE(contains(got.err, "resume"));
    got = captured(folder, send, words);
    CHECK(got.code == 75);
    CHECK(contains(got.err, "  Out: unknown: nothing of it is kept"));
}

TEST_CASE_FIXTURE(folder_fixture,
                  "send: a file that is not there is 65 before the box is opened, a box that does not open 74 or 78") {
    arguments words = given("send");
    words.port = "Out";
    words.files = {folder + "/absent"};
    const outcome got = captured(folder, send, words);
    CHECK(got.code == 65);
    CHECK(contains(got.err, "absent"));
    CHECK(script.calls == std::vector<std::string>{"load b.json"});

    words.files = {file};
    script.open_code = "box.io";
    CHECK(captured(folder, send, words).code == 74);
    script.open_code = "box.newer-schema";
    CHECK(captured(folder, send, words).code == 78);
    script.open_code.clear();
    script.locked_times = 3;  // another client for a moment
    CHECK(captured(folder, send, words).code == 0);
}

TEST_CASE_FIXTURE(folder_fixture, "a host lost before it answers is followed by one of our own, with the same key") {
    script.has_running_host = true;
    script.host_ends_at_submit = true;
    script.submit_answers = {{.code = answer_code::not_accepted, .text = "the host closed the connection"},
                             {.code = answer_code::done, .message_id = "m", .deliveries = {{.delivery = 1}}}};
    arguments words = given("send");
    words.port = "Out";
    words.files = {file};
    CHECK(captured(folder, send, words).code == 0);
    CHECK(script.calls == std::vector<std::string>{"load b.json", "submit Out", "open delivers=1 serves=0 ports=Out",
                                                   "start", "submit Out", "stop"});
    REQUIRE(script.submissions.size() == 2);
    CHECK(script.submissions[0].key == script.submissions[1].key);
    CHECK(script.bodies == std::vector<std::string>{"<a/>", "<a/>"});  // from the start again
}

TEST_CASE_FIXTURE(folder_fixture,
                  "submit: accepted is 0; one bad file does not stop the others; a box that refuses does") {
    arguments words = given("submit");
    words.files = {file, folder + "/absent", file};
    words.is_json = true;
    script.submit_answers = {{.code = answer_code::accepted, .message_id = "m1"},
                             {.code = answer_code::accepted, .message_id = "m2"}};
    outcome got = captured(folder, submit, words);
    CHECK(got.code == 65);
    std::istringstream lines(got.out);
    std::vector<json> results;
    for (std::string line; std::getline(lines, line);) {
        results.push_back(json::parse(line));
    }
    REQUIRE(results.size() == 3);
    CHECK(results[0]["result"] == "accepted");
    CHECK(results[0]["exitCode"] == 0);
    CHECK(results[1]["exitCode"] == 65);
    CHECK(results[2]["messageId"] == "m2");
    CHECK(contains(script.calls[1], "delivers=0"));
    CHECK(script.options[0].wait == wait_for::nothing);
    CHECK(script.submissions[0].key != script.submissions[1].key);

    script.submissions.clear();
    words.is_json = false;
    words.files = {file, file, file};
    script.submit_answers = {{.code = answer_code::accepted}, {.code = answer_code::not_accepted, .text = "disk full"}};
    got = captured(folder, submit, words);
    CHECK(got.code == 74);
    CHECK(script.submissions.size() == 2);
    CHECK(contains(got.err, "1 file not submitted"));

    words.files = {file};
    script.submit_answers = {{.code = answer_code::no_subscriber}};
    CHECK(captured(folder, submit, words).code == 66);
}

TEST_CASE_FIXTURE(folder_fixture, "ports and status") {
    script.ports = {{.name = "Out",
                     .state = "started",
                     .transport = "SMTP mailto:a@b.example",
                     .queued = 1,
                     .suspended = 7,
                     .note = "held: x"}};
    outcome got = captured(folder, ports_list, given("ports list"));
    CHECK(got.code == 0);
    CHECK(contains(got.out, "SMTP mailto:a@b.example"));
    CHECK(contains(got.out, "Out: held: x"));
    arguments words = given("ports unenlist");
    words.names = {"Out"};
    script.change = {.code = answer_code::done, .count = 1};
    CHECK(captured(folder, ports_change, words).code == 0);
    CHECK(script.calls.back() == "unenlist Out");
    script.change = {.code = answer_code::not_found, .text = "no such port"};
    CHECK(captured(folder, ports_change, words).code == 66);

    script.status = {.host_name = "H",
                     .is_running = true,
                     .process_id = 5,
                     .started_unix_ms = 1,
                     .message_box = "box.db",
                     .ports = script.ports,
                     .warnings = {"disk almost full"}};
    got = captured(folder, status, given("status"));
    CHECK(got.code == 0);
    CHECK(contains(got.out, "not running; start it: hawser run b.json"));  // what answered is this process
    CHECK(contains(got.out, "7 messages suspended"));
    CHECK(contains(got.out, "warning: disk almost full"));
    script.has_running_host = true;
    CHECK(contains(captured(folder, status, given("status")).out, "running since 1970-01-01T00:00:00.001Z"));
}

TEST_CASE_FIXTURE(folder_fixture, "ports: groups by their names, and a name that is both has to be said") {
    script.ports = {
        {.name = "Out", .state = "started"}, {.name = "Both", .state = "stopped"}, {.name = "Old", .state = "gone"}};
    script.groups = {{.name = "Both", .state = "stopped", .ports = {"Out"}, .held = 12, .note = "look"}};
    outcome got = captured(folder, ports_list, given("ports list"));
    CHECK(contains(got.out, "GROUP  STATE    HELD  PORTS\nBoth   stopped    12  Out"));
    CHECK(contains(got.out, "group Both: look"));
    arguments words = given("ports start");
    words.names = {"Both"};
    got = captured(folder, ports_change, words);
    CHECK(got.code == 64);
    CHECK(contains(got.err, "--group Both"));
    words.names = {"Out"};
    words.group_names = {"Both"};
    words.port_names = {"Both"};
    script.calls.clear();
    CHECK(captured(folder, ports_change, words).code == 0);
    CHECK(script.calls == std::vector<std::string>{"load b.json", "open delivers=0 serves=0 ports=", "ports", "groups",
                                                   "start Both", "start group Both", "start Out"});
    arguments all = given("ports stop");
    all.is_all = true;
    script.calls.clear();
    CHECK(captured(folder, ports_change, all).code == 0);
    CHECK(script.calls == std::vector<std::string>{"load b.json", "open delivers=0 serves=0 ports=", "ports", "groups",
                                                   "stop Out", "stop Both", "stop group Both"});
    script.status.groups = script.groups;
    CHECK(contains(captured(folder, status, given("status")).out, "GROUP"));
}

TEST_CASE_FIXTURE(folder_fixture, "reload: what changed, what is wrong, and that no host runs") {
    arguments words = given("reload");
    outcome got = captured(folder, hawser::command::reload, words);
    CHECK(got.code == 74);
    CHECK(contains(got.err, "no host runs with the message box box.db"));
    script.has_running_host = true;
    script.reload.ports = {.added = {"A"}, .changed = {"C"}, .removed = {"R"}};
    script.reload.renewed_adapters = {"SMTP"};
    script.reload.suspended = 3;
    words.suspends_removed = true;
    got = captured(folder, hawser::command::reload, words);
    CHECK(got.code == 0);
    CHECK(script.calls.back() == "reload suspending");
    CHECK(got.out ==
          "reloaded\nadded port: A\nchanged port: C\nremoved port: R\nrenewed adapter: SMTP\n"
          "suspended: 3 messages of what was removed\n");
    script.reload = {.code = answer_code::not_accepted, .text = "a reload is under way"};
    got = captured(folder, hawser::command::reload, words);
    CHECK(got.code == 74);
    CHECK(contains(got.err, "a reload is under way; nothing was changed"));
    // The host's view counts, also where ours has errors: it may have secrets that we have not.
    script.problems = {{.file = "b.json", .line = 1, .column = 1, .text = "wrong for us"}};
    script.reload = {.code = answer_code::bad_input, .text = "the bindings have errors"};
    script.reload.problems = {{.file = "b.json", .line = 7, .column = 3, .text = "wrong for the host"}};
    got = captured(folder, hawser::command::reload, words);
    CHECK(got.code == 78);
    CHECK(contains(got.err, "b.json:7:3: error: wrong for the host"));
    CHECK_FALSE(contains(got.err, "wrong for us"));
    script.has_running_host = false;
    got = captured(folder, hawser::command::reload, words);
    CHECK(got.code == 78);
    CHECK(contains(got.err, "wrong for us"));
}

TEST_CASE_FIXTURE(folder_fixture, "preview, plugins and schema") {
    arguments words = given("preview");
    words.port = "Out";
    words.files = {file};
    script.change = {.code = answer_code::done};
    CHECK(captured(folder, hawser::command::preview, words).out == "Subject: x\r\n\r\n");
    script.change = {.code = answer_code::suspended, .text = "the certificate has expired"};
    const outcome failed = captured(folder, hawser::command::preview, words);
    CHECK(failed.code == 69);
    CHECK(contains(failed.err, "expired"));

    script.probe = {.findings = {{.transport = "primary", .topic = "TLS", .text = "TLSv1.3"}}};
    words = given("smtp probe");
    words.port = "Out";
    const outcome good = captured(folder, smtp_probe, words);
    CHECK(good.code == 0);
    CHECK(contains(good.out, "TLS: TLSv1.3\n"));
    CHECK(script.calls.back() == "probe SMTP Out");
    script.probe.code = answer_code::suspended;
    script.probe.findings.push_back({finding_kind::error, "primary", "smtp.tls", "it \x1b[31mexpired"});
    const outcome bad = captured(folder, smtp_probe, words);
    CHECK(bad.code == 69);
    CHECK(contains(bad.out, "ERROR   smtp.tls: it \\x1b[31mexpired\n"));
    words.is_json = true;
    CHECK(contains(captured(folder, smtp_probe, words).out, "\"wouldDeliver\": false"));

    script.certificates.certificates = {
        {.file = "bus.pem", .folder = "personal", .domains = {"a.example"}, .signs_for = {"Out"}}};
    script.certificates.findings = {{finding_kind::warning, "bus.pem", "", "it ends \x1b[31msoon"}};
    words = given("certificates list");
    const std::string listed = captured(folder, certificates_list, words).out;
    CHECK(contains(listed, "personal/bus.pem\n"));
    CHECK(contains(listed, "all of a.example\n"));
    CHECK(contains(listed, "signs for    Out\n"));
    CHECK_FALSE(contains(listed, "warning"));
    script.certificates.unreadable = {"the token is \x1b[31mout"};
    CHECK(contains(captured(folder, certificates_list, words).out, "\nwarning: the token is \\x1b[31mout\n"));
    words.is_json = true;
    CHECK(contains(captured(folder, certificates_list, words).out, "\"signsFor\": [\n"));
    CHECK(contains(captured(folder, certificates_list, words).out, "\"unreadable\": [\n    \"the token is"));
    words = given("certificates check");
    words.within_days = 2;
    const outcome warned = captured(folder, certificates_check, words);
    CHECK(warned.code == 0);
    CHECK(script.calls.back() == "certificates 172800000");
    CHECK(warned.out == "warning it ends \\x1b[31msoon\nok: 1 certificate; 0 errors, 1 warning\n");
    script.certificates.findings.push_back({finding_kind::error, "", "Out", "it has ended"});
    CHECK(captured(folder, certificates_check, words).code == 69);
    CHECK(contains(captured(folder, certificates_check, words).out, "ERROR   port Out: it has ended\n"));
    words.is_json = true;
    CHECK(contains(captured(folder, certificates_check, words).out, "\"isOk\": false"));

    script.plugins = {{.file = "/p/smtp.so",
                       .kind = "send adapter",
                       .id = "SMTP",
                       .version = "1.0.0",
                       .summary = "Sends mail.",
                       .properties = {{.name = "To", .type = "string", .text = "Recipients.", .is_required = true}}}};
    words = given("plugins show");
    words.names = {"smtp"};
    outcome got = captured(folder, plugins_show, words);
    CHECK(got.code == 0);
    CHECK(contains(got.out, "To  string, required\n      Recipients."));
    CHECK(script.calls.back() == "load smtp");  // the built-in ones
    words.names = {"x.json", "SMTP"};
    CHECK(captured(folder, plugins_show, words).code == 0);
    CHECK(script.calls.back() == "load x.json");
    words.names = {"FTP"};
    got = captured(folder, plugins_show, words);
    CHECK(got.code == 66);
    CHECK(contains(got.err, "SMTP"));
    CHECK(contains(captured(folder, plugins_list, given("plugins list")).out, "Sends mail."));
    CHECK(json::parse(captured(folder, schema, given("schema")).out).contains("$schema"));
}

TEST_CASE_FIXTURE(
    folder_fixture,
    "run: ready is told, SIGHUP reloads, SIGTERM stops it cleanly, and the service manager hears of all") {
    const int manager = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = folder + "/notify";
    REQUIRE(path.size() < sizeof address.sun_path);
    path.copy(address.sun_path, path.size());
    REQUIRE(::bind(manager, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    const pid_t child = ::fork();  // signals and the signal mask are the process's: a process of its own
    if (child == 0) {
        ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
        const int code = run(given("run"));
        const bool is_right =
            script.calls == std::vector<std::string>{"load b.json",   "open delivers=1 serves=1 ports=",
                                                     "start",         "log ready",
                                                     "log reloading", "reload",
                                                     "load b.json",   "put in place",
                                                     "log stopping",  "stop",
                                                     "log stopped"};
        ::_exit(code == 0 && is_right ? 0 : 1);
    }
    char text[256] = {};
    REQUIRE(::recv(manager, text, sizeof text - 1, 0) > 0);
    CHECK(std::string(text).starts_with("READY=1"));
    CHECK(std::string(text).ends_with("MAINPID=" + std::to_string(child)));
    const auto next_notification = [&] {
        std::fill(std::begin(text), std::end(text), '\0');
        REQUIRE(::recv(manager, text, sizeof text - 1, 0) > 0);
        return std::string(text);
    };
    ::kill(child, SIGHUP);
    CHECK(next_notification().starts_with("RELOADING=1\nMONOTONIC_USEC="));
    CHECK(next_notification() == "READY=1");
    ::kill(child, SIGTERM);
    CHECK(next_notification() == "STOPPING=1");
    int result = -1;
    REQUIRE(::waitpid(child, &result, 0) == child);
    CHECK(result == 0);
    ::close(manager);

    script.open_code = "box.locked";
    CHECK(captured(folder, run, given("run")).code == 74);
}

TEST_CASE_FIXTURE(folder_fixture, "run: a reload for which no thread can be had does not end the host") {
    sigset_t signals;
    sigset_t before;
    sigemptyset(&signals);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &signals, &before);  // they wait until run asks for them, the lowest first
    const pid_t child = ::fork();
    if (child == 0) {
        const engine::test::thread_shortage shortage(0);
        const int code = run(given("run"));
        const std::string& failed = script.calls.at(script.calls.size() - 4);
        ::_exit(code == 0 && failed == "log the reload could not be begun; ask for it again" ? 0 : 1);
    }
    ::kill(child, SIGHUP);
    ::kill(child, SIGTERM);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    int result = -1;
    REQUIRE(::waitpid(child, &result, 0) == child);
    CHECK(result == 0);
}
