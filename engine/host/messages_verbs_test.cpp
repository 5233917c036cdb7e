// The verbs of messages against a scripted engine: what they ask for, change, print and save, and their exit codes.
#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "host/human.hpp"
#include "host/verbs_fixture.hpp"

using namespace hawser;
using namespace hawser::command;
using namespace hawser::command::test;
using nlohmann::json;

namespace {

std::vector<message_summary> some_messages(std::int64_t count) {
    std::vector<message_summary> all;
    for (std::int64_t i = 1; i <= count; ++i) {
        all.push_back({.delivery = i, .message_id = "m", .port = i % 2 == 0 ? "Even" : "Odd", .state = "suspended"});
    }
    return all;
}

// Changes everything that it is asked for, and says so.
change_answer change_all(const message_filter& which) { return {.count = which.deliveries.size()}; }

}  // namespace

TEST_CASE_FIXTURE(folder_fixture, "messages list and show: for people without control characters, for programs whole") {
    script.summaries = {stuck};
    arguments words = given("messages list");
    outcome got = captured(folder, messages_list, words);
    CHECK(got.code == 0);
    CHECK(contains(got.out, "550 no\\x1b[2J"));
    CHECK(contains(got.out, "2.0 KiB"));
    CHECK(contains(got.out, "hawser messages show b.json 42"));
    CHECK(script.filters.back().count_max == 1101);  // as many more are counted
    words.limit = 1;
    words.state = "suspended";
    words.port = "Out";
    script.summaries = {stuck, stuck};
    words.is_json = true;
    got = captured(folder, messages_list, words);
    CHECK(json::parse(got.out)["messages"].size() == 1);
    CHECK(json::parse(got.out)["hasMore"] == true);
    CHECK(json::parse(got.out)["nextAfter"] == 42);
    CHECK(script.filters.back().state == "suspended");
    CHECK(script.filters.back().port == "Out");

    words = given("messages show");
    words.names = {"42"};
    got = captured(folder, messages_show, words);
    CHECK(got.code == 66);
    CHECK(contains(got.err, "no message 42"));
    script.details = {{.summary = stuck,
                       .properties = {{.name = "SMTP.Subject", .value = "a\nb"}},
                       .parts = {{.name = "body", .size = 3, .is_body = true}},
                       .history = {{.attempt = 1,
                                    .started_unix_ms = 1000,
                                    .ended_unix_ms = 2500,
                                    .transport = "SMTP",
                                    .verdict = "retry",
                                    .text = "451"}}}};
    got = captured(folder, messages_show, words);
    CHECK(got.code == 0);
    CHECK(contains(got.out, "SMTP.Subject = a\\x0ab  (promoted)"));
    CHECK(contains(got.out, "took 1.5 s"));
    CHECK(contains(got.out, "hawser messages resume b.json 42"));
}

TEST_CASE_FIXTURE(folder_fixture, "messages list: every filter goes to the engine, and what is cut is counted") {
    arguments words = given("messages list");
    words.port = "Out";
    words.state = "retrying";
    words.message_id = "m-1";
    words.error = "550";
    words.properties = {"ERP.Customer=C 1", "T.Count:int=5"};
    words.after = 3;
    words.limit = 3;
    words.since_unix_ms = 1000;
    words.until_unix_ms = 2000;
    script.summaries = some_messages(8);
    const outcome got = captured(folder, messages_list, words);
    CHECK(got.code == 0);
    CHECK(contains(got.out, "… and 2 more: --after 6\n"));
    const message_filter filter = script.filters.back();
    CHECK(filter.port == "Out");
    CHECK(filter.state == "retrying");
    CHECK(filter.message_id == "m-1");
    CHECK(filter.error == "550");
    REQUIRE(filter.properties.size() == 2);
    CHECK(filter.properties[0].name == "ERP.Customer");
    CHECK(filter.properties[0].value == "C 1");
    CHECK(filter.after == 3);
    CHECK(filter.published_from_unix_ms == 1000);
    CHECK(filter.published_before_unix_ms == 2000);
    script.summaries = some_messages(1100);
    CHECK(contains(captured(folder, messages_list, words).out, "… and more than 1000 more: --after 6\n"));
}

TEST_CASE_FIXTURE(folder_fixture, "messages list: a port that is not there is said, and a held message says by whom") {
    arguments words = given("messages list");
    words.port = "Typo";
    script.ports = {{.name = "Out"}};
    outcome got = captured(folder, messages_list, words);
    CHECK(got.code == 66);
    CHECK(contains(got.err, "there is no port Typo"));
    words.port = "Out";
    got = captured(folder, messages_list, words);
    CHECK(got.code == 0);
    CHECK(got.out == "no messages\n");
    script.summaries = some_messages(1);
    script.summaries[0].state = "queued";
    script.summaries[0].held_for = "Partners";
    CHECK(contains(captured(folder, messages_list, words).out, "held by the stopped group Partners"));
}

TEST_CASE_FIXTURE(folder_fixture, "messages list: ages are counted back from now, and wrong filters are 65") {
    arguments words = given("messages list");
    words.newer_than_ms = 60'000;
    words.older_than_ms = 1'000;
    const std::int64_t before = now_unix_ms();
    captured(folder, messages_list, words);
    CHECK(script.filters.back().published_from_unix_ms >= before - 60'000);
    CHECK(script.filters.back().published_before_unix_ms >= before - 1'000);
    CHECK(script.filters.back().published_before_unix_ms <= now_unix_ms() - 1'000);
    words.error = std::string(1001, 'x');
    CHECK(captured(folder, messages_list, words).code == 65);
    words.error.clear();
    words.properties = {"nonsense"};
    CHECK(captured(folder, messages_list, words).code == 65);
}

TEST_CASE_FIXTURE(folder_fixture, "resume and terminate by ID: an ID that is not there, or cannot be changed, is 66") {
    arguments words = given("messages resume");
    words.names = {"1", "2"};
    words.set = {"SMTP.To=x@y.example"};
    words.unset = {"SMTP.CC"};
    script.summaries = {stuck};
    script.change = {.code = answer_code::done, .count = 1};
    outcome got = captured(folder, messages_resume, words);
    CHECK(got.code == 0);
    CHECK(contains(got.out, "1: 1 message resumed\n2: 1 message resumed\n"));
    REQUIRE(script.filters.size() == 4);  // each is looked for, then changed by its number
    CHECK(script.filters[2].message_id == "2");
    CHECK(script.filters[3].deliveries == std::vector<std::int64_t>{42});
    CHECK(script.edits.set[0].value == "x@y.example");
    CHECK(script.edits.unset == std::vector<std::string>{"SMTP.CC"});
    script.change = {.code = answer_code::not_found, .text = "it is being sent"};
    got = captured(folder, messages_resume, words);
    CHECK(got.code == 66);
    CHECK(contains(got.err, "1: it is being sent"));
    script.summaries.clear();
    CHECK(contains(captured(folder, messages_terminate, words).err, "2: no such message"));
    words.set = {"nonsense"};
    got = captured(folder, messages_resume, words);
    CHECK(got.code == 65);
    CHECK(contains(got.err, "--set nonsense"));
}

TEST_CASE_FIXTURE(folder_fixture, "an empty ID names no message, and changes none") {
    arguments words = given("messages terminate");
    words.names = {""};
    script.summaries = some_messages(3);
    const outcome got = captured(folder, messages_terminate, words);
    CHECK(got.code == 64);
    CHECK(contains(got.err, "an ID is empty"));
    CHECK(std::count(script.calls.begin(), script.calls.end(), "list") == 0);
    CHECK(std::count(script.calls.begin(), script.calls.end(), "terminate") == 0);
    words.names = {"1", ""};
    CHECK(captured(folder, messages_resume, words).code == 64);
}

TEST_CASE_FIXTURE(folder_fixture, "resume and terminate by filter: the suspended ones unless another state is said") {
    arguments words = given("messages terminate");
    words.is_all = true;
    script.on_change = change_all;
    CHECK(captured(folder, messages_terminate, words).code == 0);  // nothing there is what was wanted
    CHECK(script.filters.back().state == "suspended");             // never the whole queue by a short command
    script.summaries = some_messages(30);
    words.limit = 25;
    words.state = "queued";
    CHECK(captured(folder, messages_terminate, words).out == "25 messages terminated\n");
    CHECK(script.filters.back().deliveries.size() == 25);
    CHECK(script.filters.back().state == "queued");  // looked at again: what has changed stays
    words.limit = 2;
    CHECK(captured(folder, messages_terminate, words).out == "1: terminated\n2: terminated\n2 messages terminated\n");

    words = given("messages resume");
    words.port = "Nope";
    script.summaries.clear();
    script.ports = {{.name = "Out"}};
    const outcome got = captured(folder, messages_resume, words);
    CHECK(got.code == 66);
    CHECK(contains(got.err, "there is no port Nope"));
    words.port = "Out";
    CHECK(captured(folder, messages_resume, words).code == 0);
}

TEST_CASE_FIXTURE(folder_fixture,
                  "what has changed meanwhile is said and skipped; what cannot be resumed is left out") {
    arguments words = given("messages resume");
    words.error = "550";
    script.summaries = some_messages(3);
    script.summaries[1].state = "suspendedNotResumable";
    script.on_change = [](const message_filter&) {
        return change_answer{.count = 1, .skipped = {{.delivery = 3, .text = "it is gone"}}};
    };
    const outcome got = captured(folder, messages_resume, words);
    CHECK(got.code == 0);
    CHECK(script.filters.back().deliveries == std::vector<std::int64_t>{1, 3});
    CHECK(got.err == "hawser: 3: skipped: it is gone\n");
    CHECK(got.out == "1: resumed\n1 message resumed, 1 skipped\n1 message not resumable: save and terminate them\n");
    words.is_json = true;
    const json value = json::parse(captured(folder, messages_resume, words).out);
    CHECK(value["count"] == 1);
    CHECK(value["selected"] == 2);
    CHECK(value["skipped"][0]["delivery"] == 3);
    CHECK(value["dryRun"] == false);
}

TEST_CASE_FIXTURE(folder_fixture, "a dry run says what it would do, and changes nothing") {
    arguments words = given("messages resume");
    words.is_all = true;
    words.is_dry_run = true;
    script.summaries = some_messages(30);
    const outcome got = captured(folder, messages_resume, words);
    CHECK(got.code == 0);
    CHECK(contains(got.out, "would resume 30 messages (Even: 15, Odd: 15)\n"));
    CHECK(contains(got.out, "… and 10 more\n"));
    words.is_json = true;
    CHECK(json::parse(captured(folder, messages_resume, words).out)["selected"] == 30);
    words = given("messages terminate");
    words.names = {"1"};
    words.is_dry_run = true;
    CHECK(contains(captured(folder, messages_terminate, words).out, "would terminate 30 messages"));
    CHECK(std::count(script.calls.begin(), script.calls.end(), "resume") == 0);
    CHECK(std::count(script.calls.begin(), script.calls.end(), "terminate") == 0);
}

TEST_CASE_FIXTURE(folder_fixture, "a rate is kept, and many are changed in bounded steps") {
    arguments words = given("messages resume");
    words.is_all = true;
    script.summaries = some_messages(1200);
    script.on_change = change_all;
    CHECK(captured(folder, messages_resume, words).out == "1200 messages resumed\n");
    REQUIRE(script.filters.size() == 5);  // two pages, three steps
    CHECK(script.filters[1].after == 1000);
    CHECK(script.filters[2].deliveries.size() == 500);
    CHECK(script.filters[4].deliveries.size() == 200);
    CHECK(script.filters[4].deliveries.back() == 1200);

    script.filters.clear();
    script.summaries = some_messages(6);
    words.rate = change_rate{.count = 20, .of_ms = 1000};
    const auto start = std::chrono::steady_clock::now();
    captured(folder, messages_resume, words);
    const auto took = std::chrono::steady_clock::now() - start;
    REQUIRE(script.filters.size() == 4);  // two in a tenth of a second
    CHECK(script.filters[1].deliveries == std::vector<std::int64_t>{1, 2});
    CHECK(took >= std::chrono::milliseconds(200));
}

TEST_CASE_FIXTURE(folder_fixture, "a box that takes nothing ends it: 74, with how many were not tried") {
    arguments words = given("messages resume");
    words.is_all = true;
    script.summaries = some_messages(1200);
    script.on_change = [](const message_filter&) {
        return change_answer{.code = answer_code::not_accepted, .count = 10, .text = "the disk is full"};
    };
    const outcome got = captured(folder, messages_resume, words);
    CHECK(got.code == 74);
    CHECK(contains(got.out, "10 messages resumed"));
    CHECK(contains(got.err, "the disk is full; 700 messages not tried"));
}

TEST_CASE_FIXTURE(folder_fixture, "messages save replaces a file only when it has all of it") {
    arguments words = given("messages save");
    words.names = {"42"};
    script.details = {{.summary = stuck}};
    words.output = folder + "/out.bin";
    std::ofstream(words.output) << "before";
    script.saved = "half";
    script.change = {.code = answer_code::not_found, .text = "no part \"x\""};
    outcome got = captured(folder, messages_save, words);
    CHECK(got.code == 66);
    CHECK(contains(got.err, "no part"));
    CHECK(read_text(words.output) == "before");
    script.saved = "whole";
    script.change = {.code = answer_code::done};
    CHECK(captured(folder, messages_save, words).code == 0);
    CHECK(read_text(words.output) == "whole");
    words.output.clear();
    CHECK(captured(folder, messages_save, words).out == "whole");
    words.output = folder + "/no/such/folder";
    CHECK(captured(folder, messages_save, words).code == 74);
    script.details.clear();
    CHECK(captured(folder, messages_save, words).code == 66);
}

TEST_CASE_FIXTURE(folder_fixture, "messages save --folder writes every part under a safe name, and the context") {
    script.details = {{.summary = stuck,
                       .properties = {{.name = "ERP.Customer", .value = "C1"}},
                       .parts = {{.name = "body", .file_name = "../../etc/passwd", .is_body = true},
                                 {.name = ".hidden"},
                                 {.name = "second", .file_name = "context.json"},
                                 {.name = "third", .file_name = "_.hidden"}}}};
    script.saved = "bytes";
    script.change = {.code = answer_code::done};
    arguments words = given("messages save");
    words.names = {"42"};
    words.folder = folder + "/all";
    const outcome got = captured(folder, messages_save, words);
    CHECK(got.code == 0);
    CHECK(contains(got.out, "/all/_.._.._etc_passwd: body"));
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(words.folder)) {
        names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    CHECK(names ==
          std::vector<std::string>{"_.._.._etc_passwd", "_.hidden", "_.hidden-2", "context.json", "context.json-2"});
    CHECK(read_text(words.folder + "/context.json-2") == "bytes");
    const json context = json::parse(read_text(words.folder + "/context.json"));
    CHECK(context["properties"][0]["value"] == "C1");
    CHECK(context["parts"].size() == 4);
    outcome again = captured(folder, messages_save, words);  // never over what is there
    CHECK(again.code == 65);                                 // and no trying again helps
    CHECK(contains(again.err, "it is not an empty folder: name a new or an empty one"));
    words.folder = file;
    CHECK(captured(folder, messages_save, words).code == 65);
    words.folder = file + "/below";
    CHECK(captured(folder, messages_save, words).code == 74);

    words = given("messages save");
    words.names = {"42"};
    words.wants_context = true;
    CHECK(json::parse(captured(folder, messages_save, words).out)["messageId"] == "m-42");
}
