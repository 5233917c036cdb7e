#include <doctest/doctest.h>

#include "bindings/bindings_test_support.hpp"

using namespace hawser::engine;
using namespace hawser::engine::bindings_test;

namespace {

constexpr std::int64_t hour_ms = 3600 * 1000;

// A file whose second line is one port with these members besides its name.
loaded load_port(const folder& f, const std::string& members) {
    return load(f.write("b.json", R"({"host": {}, "sendHandlers": {"MAIL": {"From": "a@b"}}, "sendPorts": [
{"name": "A", )" + members + "}]}"));
}

loaded load_static(const folder& f, const std::string& port_members, const std::string& transport_members = "") {
    return load_port(f, R"("primaryTransport": {"type": "MAIL", "address": "mailto:x@y")" +
                            (transport_members.empty() ? "" : ", " + transport_members) + '}' +
                            (port_members.empty() ? "" : ", " + port_members));
}

loaded load_host(const folder& f, const std::string& members) {
    return load(f.write("b.json", "{\"host\": {" + members + "}, \"sendPorts\": []}"));
}

struct mistake {
    std::string members;
    std::string pointer;  // of the one error
    std::string piece;    // of its text
};

// Each is one error, with its line and column, at this pointer.
void check_mistakes(const std::vector<mistake>& mistakes, loaded (*read)(const folder&, const std::string&)) {
    const folder f;
    for (const mistake& one : mistakes) {
        const loaded got = read(f, one.members);
        const std::vector<std::string> lines = got.lines(f.path);
        CAPTURE(one.members);
        REQUIRE(lines.size() == 1);
        CAPTURE(lines[0]);
        CHECK(lines[0].find("error: " + one.pointer + ": ") != std::string::npos);
        CHECK(lines[0].find(one.piece) != std::string::npos);
        CHECK(got.problems.list()[0].position.line > 0);
    }
}

loaded load_transport(const folder& f, const std::string& members) { return load_static(f, "", members); }
loaded load_options(const folder& f, const std::string& members) { return load_static(f, members); }

}  // namespace

TEST_CASE("a port without options has the defaults") {
    const folder f;
    const loaded got = load_static(f, "");
    REQUIRE(got.lines(f.path).empty());
    const send_port_binding& port = got.bindings.send_ports.at(0);
    CHECK(port.primary.backoff.factor == 1);
    CHECK(port.primary.backoff.jitter == 0);
    CHECK(port.primary.backoff.interval_max_ms == 0);
    CHECK_FALSE(port.primary.window);
    CHECK(port.maximum_age_ms == 0);
    CHECK(port.rate.count == 0);
    CHECK_FALSE(port.is_dynamic);
    CHECK(port.dynamic_transports.empty());
    CHECK(port.allowed_locations.empty());
    CHECK_FALSE((port.is_ordered_by_location || port.routes_failed_messages || port.notifies_delivery));
    CHECK(got.bindings.host.destinations.empty());
    CHECK(got.bindings.host.limits.queue_depth_max == 0);
    CHECK(got.bindings.host.limits.disk_free_min_bytes == 64'000'000);
}

TEST_CASE("back-off is read for each transport by itself") {
    const folder f;
    const loaded got =
        load_static(f, R"("backupTransport": {"type": "MAIL", "address": "mailto:z@y", "backoff": {"jitter": 1}})",
                    R"("retryInterval": "1m", "backoff": {"factor": 2.5, "maxInterval": "6h", "jitter": 0.2})");
    REQUIRE(got.lines(f.path).empty());
    const send_port_binding& port = got.bindings.send_ports.at(0);
    CHECK(port.primary.backoff.factor == 2.5);
    CHECK(port.primary.backoff.jitter == 0.2);
    CHECK(port.primary.backoff.interval_max_ms == 6 * hour_ms);
    REQUIRE(port.backup);
    CHECK(port.backup->backoff.factor == 1);
    CHECK(port.backup->backoff.jitter == 1);
}

TEST_CASE("each mistake in a back-off has its place") {
    const std::string at = "/sendPorts/0/primaryTransport/backoff";
    check_mistakes({{R"("backoff": 2)", at, "an object"},
                    {R"("backoff": {})", at, "factor"},
                    {R"("backoff": {"maxInterval": "1h"})", at, "factor"},
                    {R"("backoff": {"factor": 0.5})", at + "/factor", "from 1 to 100"},
                    {R"("backoff": {"factor": 101})", at + "/factor", "from 1 to 100"},
                    {R"("backoff": {"factor": 1e999})", at + "/factor", "from 1 to 100"},
                    {R"("backoff": {"factor": "2"})", at + "/factor", "a number"},
                    {R"("backoff": {"factor": 2, "jitter": -0.1})", at + "/jitter", "from 0 to 1"},
                    {R"("backoff": {"factor": 2, "jitter": 1.01})", at + "/jitter", "from 0 to 1"},
                    {R"("backoff": {"factor": 2, "maxInterval": "0s"})", at + "/maxInterval", "at least 1 s"},
                    {R"("backoff": {"factor": 2, "maxInterval": "366d"})", at + "/maxInterval", "at most 525600"},
                    {R"("backoff": {"factor": 2, "maxInterval": "4m"})", at + "/maxInterval", "shorter"},
                    {R"("backoff": {"factor": 2, "maxinterval": "4m"})", at + "/maxinterval", "maxInterval"}},
                   load_transport);
}

TEST_CASE("a service window is read with its days and zone") {
    const folder f;
    const auto window = [&](const std::string& members) {
        const loaded got = load_transport(f, R"("serviceWindow": {)" + members + '}');
        CAPTURE(members);
        REQUIRE(got.lines(f.path).empty());
        return got.bindings.send_ports.at(0).primary.window.value();
    };
    const service_window_binding night =
        window(R"("from": "22:00", "to": "06:30", "days": ["monday", "sunday"], "timeZone": "Europe/Berlin")");
    CHECK(night.from_minute == 22 * 60);
    CHECK(night.to_minute == 6 * 60 + 30);
    CHECK(night.weekdays == 0x41);
    CHECK(night.time_zone == "Europe/Berlin");
    const service_window_binding day = window(R"("from": "00:00", "to": "24:00")");
    CHECK(day.from_minute == 0);
    CHECK(day.to_minute == 24 * 60);
    CHECK(day.weekdays == 0x7f);
    CHECK(day.time_zone.empty());
    CHECK(window(R"("from": "23:59", "to": "00:00", "days": ["saturday"])").weekdays == 0x20);
}

TEST_CASE("each mistake in a service window has its place") {
    const std::string at = "/sendPorts/0/primaryTransport/serviceWindow";
    const auto times = [](const std::string& from, const std::string& to, const std::string& more = "") {
        return R"("serviceWindow": {"from": )" + from + R"(, "to": )" + to + more + '}';
    };
    std::vector<mistake> mistakes{
        {R"("serviceWindow": "22:00-06:00")", at, "an object"},
        {R"("serviceWindow": {"to": "06:00"})", at + "/from", "23:59"},
        {R"("serviceWindow": {"from": "06:00"})", at + "/to", "24:00"},
        {times(R"("08:00")", R"("08:00")"), at, "all day long"},
        {times(R"("24:00")", R"("08:00")"), at + "/from", "23:59"},
        {times(R"("08:00")", R"("24:01")"), at + "/to", "24:00"},
        {times("8", R"("18:00")"), at + "/from", "22:00"},
        {times(R"("08:00")", R"("18:00")", R"(, "days": [])"), at + "/days", "never opens"},
        {times(R"("08:00")", R"("18:00")", R"(, "days": ["munday"])"), at + "/days/0", "did you mean \"monday\"?"},
        {times(R"("08:00")", R"("18:00")", R"(, "days": "monday")"), at + "/days", "a list"},
        {times(R"("08:00")", R"("18:00")", R"(, "day": ["monday"])"), at + "/day", "did you mean \"days\"?"},
        {times(R"("08:00")", R"("18:00")", R"(, "timeZone": "")"), at + "/timeZone", "Europe/Berlin"},
        {times(R"("08:00")", R"("18:00")", R"(, "timeZone": 1)"), at + "/timeZone", "a string"},
        {times(R"("08:00")", R"("18:00")", R"(, "timeZone": "../../etc/passwd")"), at + "/timeZone", "no time zone"},
        {times(R"("08:00")", R"("18:00")", R"(, "timeZone": "Berlin")"), at + "/timeZone",
         "did you mean \"Europe/Berlin\"?"}};
    for (const char* time : {"8:00", "08:60", "25:00", "0800", "08:0a", "-8:00", "08:00:00", "", "08-00"}) {
        mistakes.push_back({times('"' + std::string(time) + '"', R"("18:00")"), at + "/from", "22:00"});
    }
    check_mistakes(mistakes, load_transport);
}

TEST_CASE("a port's own options are read") {
    const folder f;
    const loaded got = load_static(f, R"("maximumAge": "2d", "rate": "600/m", "routeFailedMessage": true,
        "deliveryNotification": true, "orderedDelivery": true, "stopSendingOnFailure": true)");
    REQUIRE(got.lines(f.path).empty());
    const send_port_binding& port = got.bindings.send_ports.at(0);
    CHECK(port.maximum_age_ms == 48 * hour_ms);
    CHECK(port.rate.count == 600);
    CHECK(port.rate.period_ms == 60'000);
    CHECK((port.routes_failed_messages && port.notifies_delivery && port.is_ordered && port.stops_on_failure));
    CHECK(load_static(f, R"("rate": "10/s")").bindings.send_ports.at(0).rate.period_ms == 1000);
    CHECK(load_static(f, R"("rate": "1000000/h")").bindings.send_ports.at(0).rate.period_ms == hour_ms);
    CHECK(load_static(f, R"("stopSendingOnFailure": false)").lines(f.path).empty());
}

TEST_CASE("each mistake in a port's options has its place") {
    const std::string at = "/sendPorts/0";
    std::vector<mistake> mistakes{
        {R"("maximumAge": "0s")", at + "/maximumAge", "at least 1 s"},
        {R"("maximumAge": "2 days")", at + "/maximumAge", "a duration"},
        {R"("maximumAge": "3651d")", at + "/maximumAge", "at most"},
        {R"("routeFailedMessage": "yes")", at + "/routeFailedMessage", "true or false"},
        {R"("deliveryNotification": 1)", at + "/deliveryNotification", "true or false"},
        {R"("stopSendingOnFailure": true)", at + "/stopSendingOnFailure", "orderedDelivery"},
        {R"("orderPerLocation": true)", at + "/orderPerLocation", "dynamic"},
        {R"("orderPerLocation": true, "orderedDelivery": true)", at + "/orderPerLocation", "dynamic"},
        {R"("allowedLocations": ["mailto:*"])", at + "/allowedLocations", "dynamic"},
        {R"("serviceWindow": {})", at + "/serviceWindow", "primaryTransport"},
        {R"("backoff": {"factor": 2})", at + "/backoff", "primaryTransport"},
        {R"("retryCount": 3)", at + "/retryCount", "primaryTransport"},
        {R"("maximumage": "2d")", at + "/maximumage", "did you mean \"maximumAge\"?"},
        {R"("somethingElse": 1)", at + "/somethingElse", "allowed are name, state, dynamic,"}};
    for (const char* rate : {R"("10")", R"("/s")", R"("0/s")", R"("-1/s")", R"("10/d")", R"("1.5/s")", R"("10 /s")",
                             R"("10/s ")", R"("1000001/s")", R"("99999999999/s")", "10", "{}", "null"}) {
        mistakes.push_back({"\"rate\": " + std::string(rate), at + "/rate", "10/s"});
    }
    check_mistakes(mistakes, load_options);
}

TEST_CASE("destinations and limits are read") {
    const folder f;
    const loaded got = load_host(f, R"("limits": {"queueDepth": 100000, "diskFree": "1GB"}, "destinations": [
        {"location": "mailto:*@slow.example", "maxInFlight": 4, "rate": "10/m"},
        {"location": "file:/out/**", "rate": "1/s"}])");
    REQUIRE(got.lines(f.path).empty());
    const host_binding& host = got.bindings.host;
    CHECK(host.limits.queue_depth_max == 100'000);
    CHECK(host.limits.disk_free_min_bytes == 1'000'000'000);
    REQUIRE(host.destinations.size() == 2);
    CHECK(host.destinations[0].location == "mailto:*@slow.example");
    CHECK(host.destinations[0].in_flight_max == 4);
    CHECK(host.destinations[0].rate.count == 10);
    CHECK(host.destinations[0].pointer == "/host/destinations/0");
    CHECK(host.destinations[0].position.line == 2);
    CHECK(host.destinations[1].in_flight_max == 0);
}

TEST_CASE("each mistake in destinations and limits has its place") {
    const auto destination = [](const std::string& members) { return "\"destinations\": [{" + members + "}]"; };
    const std::string at = "/host/destinations/0";
    check_mistakes({{R"("destinations": {})", "/host/destinations", "a list"},
                    {R"("destinations": [5])", at, "an object"},
                    {destination(R"("rate": "1/s")"), at, "needs a location"},
                    {destination(R"("location": "mailto:*@a.example")"), at, "maxInFlight or a rate"},
                    {destination(R"("location": "mailto:*@a.example", "maxInFlight": 0)"), at + "/maxInFlight", "1 to"},
                    {destination(R"("location": "mailto:*@a.example", "rate": 5)"), at + "/rate", "10/s"},
                    {destination(R"("location": "mailto:*@a.example", "rates": "5/s", "maxInFlight": 1)"),
                     at + "/rates", "did you mean \"rate\"?"},
                    {destination(R"("location": "*@a.example", "rate": "1/s")"), at + "/location", "scheme"},
                    {destination(R"("location": 5, "rate": "1/s")"), at + "/location", "scheme"},
                    {destination(R"("location": "mailt:*@a.example", "rate": "1/s")"), at + "/location",
                     "did you mean \"mailto\"?"},
                    {R"("limits": [])", "/host/limits", "an object"},
                    {R"("limits": {"queueDepth": -1})", "/host/limits/queueDepth", "0 to"},
                    {R"("limits": {"queueDepth": "5"})", "/host/limits/queueDepth", "a number"},
                    {R"("limits": {"diskFree": "1G"})", "/host/limits/diskFree", "500MB"},
                    {R"("limits": {"queuDepth": 1})", "/host/limits/queuDepth", "did you mean \"queueDepth\"?"}},
                   load_host);
    const folder f;
    const loaded twins = load_host(f, R"("destinations": [{"location": "mailto:*", "maxInFlight": 1},
        {"location": "mailto:*", "maxInFlight": 2}])");
    CHECK(twins.has(f.path, "b.json:2:9: error: /host/destinations/1/location:", "twice"));
}

TEST_CASE("a group may be stopped, and knows where it stands") {
    const folder f;
    const loaded got = load(f.write("b.json", R"({"host": {}, "sendPorts": [], "sendPortGroups": [
 {"name": "G", "ports": [], "state": "stopped"}, {"name": "H", "ports": []}, {"name": "I", "state": "paused"}]})"));
    CHECK(got.lines(f.path).size() == 1);
    CHECK(got.has(f.path, "b.json:2:", "bound, stopped, started"));
    REQUIRE(got.bindings.send_port_groups.size() == 3);
    CHECK(got.bindings.send_port_groups[0].state == "stopped");
    CHECK(got.bindings.send_port_groups[0].position.column == 2);
    CHECK(got.bindings.send_port_groups[0].pointer == "/sendPortGroups/0");
    CHECK(got.bindings.send_port_groups[1].state == "started");
}
