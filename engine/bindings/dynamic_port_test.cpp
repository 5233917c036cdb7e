#include <doctest/doctest.h>

#include "bindings/bindings_test_support.hpp"

using namespace hawser::engine;
using namespace hawser::engine::bindings_test;

namespace {

constexpr const char* both_handlers = R"({"MAIL": {"From": "a@b"}, "FILE": {"FileName": "x"}})";

loaded load_dynamic(const folder& f, const std::string& members, const std::string& handlers = both_handlers) {
    return load(f.write("b.json", R"({"host": {}, "sendHandlers": )" + handlers + R"(, "sendPorts": [
{"name": "A", "dynamic": true, )" + members +
                                      "}]}"));
}

std::vector<std::string> types_of(const loaded& got) {
    std::vector<std::string> types;
    for (const transport_binding& one : got.bindings.send_ports.at(0).dynamic_transports) {
        types.push_back(one.type);
    }
    return types;
}

// The one line that it gives.
std::string problem_of(const folder& f, const std::string& members, const std::string& handlers = both_handlers) {
    const std::vector<std::string> lines = load_dynamic(f, members, handlers).lines(f.path);
    return lines.size() == 1 ? lines[0] : std::to_string(lines.size()) + " lines";
}

bool has(const std::string& line, const std::string& piece) { return line.find(piece) != std::string::npos; }

}  // namespace

TEST_CASE("a dynamic port without a transport has one for each adapter, with the handlers' values and the defaults") {
    const folder f;
    const loaded got = load_dynamic(f, R"("allowedLocations": ["mailto:*@partner.example", "file:/out/**"])");
    REQUIRE(got.lines(f.path).empty());
    const send_port_binding& port = got.bindings.send_ports.at(0);
    CHECK(port.is_dynamic);
    CHECK(port.allowed_locations == std::vector<std::string>{"mailto:*@partner.example", "file:/out/**"});
    REQUIRE(types_of(got) == std::vector<std::string>{"FILE", "MAIL"});
    CHECK(port.primary.type == "FILE");
    CHECK(port.primary.properties.at("FileName").text == "x");
    const transport_binding& mail = port.dynamic_transports[1];
    CHECK(mail.properties.at("From").is_from_handler);
    CHECK(mail.handler_properties.at("From").text == "a@b");
    CHECK(mail.properties.at("Subject").is_default);
    CHECK(mail.address.empty());
    CHECK(mail.pointer == "/sendPorts/0/primaryTransport");
    CHECK(mail.position.line == 2);
    CHECK_FALSE(port.backup);
}

TEST_CASE("the schedule of a dynamic port holds for each of its adapters") {
    const folder f;
    const loaded got = load_dynamic(f, R"("allowedLocations": ["mailto:*"], "primaryTransport": {"retryCount": 7,
        "retryInterval": "30s", "backoff": {"factor": 3}, "serviceWindow": {"from": "08:00", "to": "18:00"}})");
    REQUIRE(got.lines(f.path).empty());
    REQUIRE(got.bindings.send_ports.at(0).dynamic_transports.size() == 2);
    for (const transport_binding& one : got.bindings.send_ports[0].dynamic_transports) {
        CHECK(one.retry_count == 7);
        CHECK(one.retry_interval_ms == 30'000);
        CHECK(one.backoff.factor == 3);
        CHECK(one.window.value().from_minute == 8 * 60);
    }
}

TEST_CASE("a dynamic port that names its adapter has that one, with the port's properties over the handler's") {
    const folder f;
    const loaded got = load_dynamic(f, R"("allowedLocations": ["mailto:*"], "orderedDelivery": true,
        "orderPerLocation": true, "primaryTransport": {"type": "MAIL", "properties": {"Subject": "Hello"}})");
    REQUIRE(got.lines(f.path).empty());
    CHECK(types_of(got) == std::vector<std::string>{"MAIL"});
    const send_port_binding& port = got.bindings.send_ports.at(0);
    CHECK(port.primary.type == "MAIL");
    CHECK(port.primary.properties.at("Subject").text == "Hello");
    CHECK(port.primary.properties.at("From").text == "a@b");
    CHECK((port.is_ordered && port.is_ordered_by_location));
}

TEST_CASE("required properties are asked for where the adapter is named, or configured and reachable") {
    const folder f;
    const std::string mail = R"("allowedLocations": ["mailto:*"])";
    CHECK(load_dynamic(f, mail, "{}").lines(f.path).empty());
    CHECK(has(problem_of(f, mail, R"({"MAIL": {}})"), "needs the property From"));
    CHECK(load_dynamic(f, R"("allowedLocations": ["file:/out/*"])", R"({"MAIL": {}})").lines(f.path).empty());
    CHECK(has(problem_of(f, mail + R"(, "primaryTransport": {"type": "MAIL"})", "{}"), "needs the property From"));
    CHECK(has(problem_of(f, mail, R"({"MAIL": {"From": "a@b", "Subject": "forbidden"}})"), "does not like"));
}

TEST_CASE("what a dynamic port cannot have is an error that says why") {
    const folder f;
    const std::string mail = R"("allowedLocations": ["mailto:*"], )";
    CHECK(has(problem_of(f, R"("primaryTransport": {})"),
              "2:1: error: /sendPorts/0/allowedLocations: a dynamic port says"));
    CHECK(has(problem_of(f, R"("allowedLocations": [])"),
              "2:52: error: /sendPorts/0/allowedLocations: a dynamic port says"));
    CHECK(has(problem_of(f, mail + R"("primaryTransport": {"address": "mailto:a@b"})"),
              "/sendPorts/0/primaryTransport/address: each message brings"));
    CHECK(has(problem_of(f, mail + R"("backupTransport": {"type": "MAIL", "address": "mailto:a@b"})"),
              "/sendPorts/0/backupTransport: a dynamic port has no backup"));
    CHECK(has(problem_of(f, mail + R"("primaryTransport": {"properties": {"Subject": "x"}})"),
              "/sendPorts/0/primaryTransport/properties: these belong to one adapter"));
    CHECK(has(problem_of(f, mail + R"("primaryTransport": {"type": "MIAL"})"), "did you mean \"MAIL\"?"));
    CHECK(has(problem_of(f, mail + R"("primaryTransport": {"type": ""})"), "needs a type"));
    CHECK(has(problem_of(f, mail + R"("primaryTransport": {"typ": "MAIL"})"), "did you mean \"type\"?"));
    CHECK(has(problem_of(f, mail + R"("orderPerLocation": true)"), "/sendPorts/0/orderPerLocation: "));
    CHECK(has(problem_of(f, R"("allowedLocations": ["mailto:*", "file:/x"], "primaryTransport": {"type": "MAIL"})"),
              "/sendPorts/0/allowedLocations/1: this port sends by MAIL only"));
}

TEST_CASE("each allowed location is checked") {
    const folder f;
    const auto problem = [&](const std::string& location) {
        return problem_of(f, R"("allowedLocations": ["mailto:*@ok.example", )" + location + "]");
    };
    const std::string at = "error: /sendPorts/0/allowedLocations/1: ";
    CHECK(has(problem("5"), at + "a location is written"));
    CHECK(has(problem("\"*\""), at + "a location is written"));
    CHECK(has(problem("\"**@partner.example\""), at + "a location is written"));
    CHECK(has(problem("\"m*:x\""), at + "a location is written"));
    CHECK(has(problem('"' + std::string("mailto:") + std::string(2000, 'a') + "@b\""), at + "a location is written"));
    CHECK(has(problem("\"fil:/out/*\""), "did you mean \"file\"?"));
    CHECK(has(problem("\"gopher:/x\""), at + "no loaded plugin"));
    for (const char* never : {"mailto:*@a.example?cc=b@c", "mailto:a@b,c@d", "mailto:%x@a.example", "mailto: a@b",
                              "file:/a\\\\b", "file:/a\\u0000b", "file:/a\\tb", "file:/'a'"}) {
        CHECK(has(problem('"' + std::string(never) + '"'), at + "this could never match"));
    }
    for (const char* wide : {"mailto:*partner.example", "mailto:**.partner.example", "mailto:*@a@b"}) {
        CHECK(has(problem('"' + std::string(wide) + '"'), at + "a pattern of mail addresses has one '@'"));
    }
    CHECK(
        has(problem("\"mailto:*@*partner.example\""), "warning: /sendPorts/0/allowedLocations/1: this matches every"));
    for (const char* good : {"mailto:*", "mailto:**", "MAILTO:*@a.example", "mailto:*@*.a.example", "mailto:x@*",
                             "file:/my dir/*", "file:**"}) {
        CHECK(problem('"' + std::string(good) + '"') == "0 lines");
    }
}
