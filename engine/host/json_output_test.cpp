#include "host/json_output.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace hawser;
using namespace hawser::command;
using nlohmann::json;

TEST_CASE("a submission's answer is one line, with times in RFC 3339") {
    const submit_answer answer{.code = answer_code::accepted,
                               .message_id = "m",
                               .text = "later",
                               .deliveries = {{.delivery = 4,
                                               .port = "P",
                                               .state = "retrying",
                                               .code = "smtp.x",
                                               .text = "451 \xff",
                                               .attempts = 1,
                                               .next_attempt_unix_ms = 1'700'000'000'007,
                                               .recipients = {{"a@b", "retry", "451"}}}}};
    const std::string text = json_of(answer, {.key = "k"}, "in.xml", 75);
    CHECK(text.find('\n') == text.size() - 1);
    const json value = json::parse(text);
    CHECK(value["result"] == "accepted");
    CHECK(value["exitCode"] == 75);
    CHECK(value["file"] == "in.xml");
    CHECK(value["messageId"] == "m");
    CHECK(value["key"] == "k");
    CHECK(value["deliveries"][0]["nextAttempt"] == "2023-11-14T22:13:20.007Z");
    CHECK(value["deliveries"][0]["text"] == "451 \xef\xbf\xbd");
    CHECK(value["deliveries"][0]["recipients"][0]["verdict"] == "retry");
}

TEST_CASE("a message that nobody waited for is accepted, not delivered") {
    CHECK(json::parse(json_of(submit_answer{.code = answer_code::done}, {}, "", 0))["result"] == "accepted");
    CHECK(json::parse(json_of(submit_answer{.code = answer_code::done, .deliveries = {{}}}, {}, "", 0))["result"] ==
          "delivered");
}

TEST_CASE("lists, details, ports, status, problems and plugins are objects with named lists") {
    const message_summary summary{.delivery = 7, .port = "P", .state = "suspended", .size = 10};
    const json list = json::parse(json_of(std::vector<message_summary>{summary}, true));
    CHECK(list["messages"][0]["delivery"] == 7);
    CHECK(list["messages"][0]["due"].is_null());
    CHECK(list["hasMore"] == true);
    const json detail = json::parse(json_of(std::vector<message_detail>{{.summary = summary,
                                                                         .properties = {{.name = "A.B", .value = "v"}},
                                                                         .parts = {{.name = "body", .is_body = true}},
                                                                         .history = {{.attempt = 1}}}}));
    CHECK(detail["messages"][0]["properties"][0]["promoted"] == true);
    CHECK(detail["messages"][0]["parts"][0]["isBody"] == true);
    CHECK(detail["messages"][0]["history"][0]["attempt"] == 1);
    CHECK(json::parse(json_of(std::vector<port_summary>{}, std::vector<group_summary>{}, {}))["ports"].is_array());
    const json status =
        json::parse(json_of(host_status{.host_name = "H", .ports = {{.name = "P", .queued = 2}}, .warnings = {"w"}}));
    CHECK(status["isRunning"] == false);
    CHECK(status["processId"].is_null());
    CHECK(status["ports"][0]["queued"] == 2);
    CHECK(status["groups"].is_array());
    const json groups = json::parse(json_of(std::vector<port_summary>{}, {{.name = "G", .ports = {"P"}, .held = 3}},
                                            {{.name = "In", .pipeline = "Opened", .components = {"decode X"}}}));
    CHECK(groups["receivePorts"][0]["components"][0] == "decode X");
    CHECK(groups["groups"][0]["ports"][0] == "P");
    CHECK(groups["groups"][0]["held"] == 3);
    const json reload = json::parse(json_of(
        reload_answer{
            .code = answer_code::bad_input, .text = "t", .problems = {{.file = "f"}}, .ports = {{"A"}, {}, {}}},
        78));
    CHECK(reload["result"] == "refused");
    CHECK(reload["exitCode"] == 78);
    CHECK(reload["problems"][0]["severity"] == "error");
    CHECK(reload["ports"]["added"][0] == "A");
    const json checked =
        json::parse(json_of(std::vector<problem>{{.is_error = false, .text = "t"}}, {.send_ports = {"P"}}));
    CHECK(checked["isOk"] == true);
    CHECK(checked["problems"][0]["severity"] == "warning");
    CHECK(json::parse(json_of(std::vector<problem>{{.text = "t"}}, {}))["isOk"] == false);
    const json plugins = json::parse(
        json_of(std::vector<plugin_help>{{.id = "SMTP", .properties = {{.name = "To", .is_required = true}}}}));
    CHECK(plugins["plugins"][0]["properties"][0]["required"] == true);
}
