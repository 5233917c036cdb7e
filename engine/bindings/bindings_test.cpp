#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>

#include "bindings/bindings_test_support.hpp"

using namespace hawser::engine;
using namespace hawser::engine::bindings_test;

namespace {

constexpr const char* good = R"({
  // everything that a small installation needs
  "host": { "name": "Test", "messageBox": { "type": "sqlite", "path": "state/box.db" } },
  "sendHandlers": { "MAIL": { "From": "bus@example.org", "MaxConnections": 4 } },
  "pipelines": { "Sealed": { "encode": [ { "component": "Encoder" } ] } },
  "sendPorts": [
    { "name": "Invoices", "pipeline": "Sealed", "pipelineProperties": { "Encoder": { "EnableEncryption": true } },
      "primaryTransport": { "type": "MAIL", "address": "mailto:ap@example.org", "retryInterval": "30s",
                            "properties": { "Subject": "Hello", "SMTPAuthenticate": 1 } },
      "filter": { "anyOf": [ { "allOf": [ ["BTS.ReceivePortName", "==", "In"] ] } ] } }
  ]
})";

}  // namespace

TEST_CASE("a good file gives typed bindings: port over handler over default, numbers as words") {
    const folder f;
    const loaded got = load(f.write("b.json", good));
    CHECK(got.lines(f.path).empty());
    const send_port_binding& port = got.bindings.send_ports.at(0);
    CHECK(port.primary.properties.at("From").text == "bus@example.org");
    CHECK(port.primary.properties.at("From").is_from_handler);
    CHECK(port.primary.properties.at("Subject").text == "Hello");
    CHECK(port.primary.properties.at("SMTPAuthenticate").text == "basic");
    CHECK(port.primary.retry_interval_ms == 30000);
    CHECK(port.primary.retry_count == 3);
    CHECK(port.pipeline.at(0).properties.at("EnableEncryption").text == "true");
    CHECK(port.filter->at(0).at(0).value == "In");
    CHECK(got.bindings.host.message_box_path == (f.path / "state/box.db").string());
}

TEST_CASE("ten mistakes are ten errors, each at its line and column") {
    const folder f;
    const loaded got = load(f.write("b.json", R"({
  "host": { "nmae": "Test", "workers": 0 },
  "sendHandlers": { "MAIL": { "From": 5, "MaxConnections": 4 }, "FTP": {} },
  "pipelines": { "Sealed": { "encode": [ { "component": "Encodr" } ] } },
  "sendPorts": [
    { "name": "A", "pipeline": "Seald", "priority": 11,
      "primaryTransport": { "type": "MAIL", "address": "file:x",
        "properties": { "From": "a@example.org", "Subjct": "x", "SMTPAuthenticate": "digest" } } }
  ]
})"));
    const std::vector<std::string> lines = got.lines(f.path);
    const auto has = [&](const std::string& start, const std::string& piece) {
        for (const std::string& line : lines) {
            if (line.rfind(start, 0) == 0 && line.find(piece) != std::string::npos) {
                return true;
            }
        }
        return false;
    };
    CHECK(lines.size() == 10);
    CHECK(has("b.json:2:13: error: /host/nmae:", "did you mean \"name\"?"));
    CHECK(has("b.json:2:40: error: /host/workers:", "1 to 64"));
    CHECK(has("b.json:3:39: error: /sendHandlers/MAIL/From:", "must be a string"));
    CHECK(has("b.json:3:65: error: /sendHandlers/FTP:", "no loaded plugin"));
    CHECK(has("b.json:4:57: error: /pipelines/Sealed/encode/0/component:", "did you mean \"Encoder\"?"));
    CHECK(has("b.json:6:32: error: /sendPorts/0/pipeline:", "did you mean \"Sealed\"?"));
    CHECK(has("b.json:6:53: error: /sendPorts/0/priority:", "1 to 10"));
    CHECK(has("b.json:7:56: error: /sendPorts/0/primaryTransport/address:", "mailto:"));
    CHECK(has("b.json:8:50: error: /sendPorts/0/primaryTransport/properties/Subjct:", "did you mean \"Subject\"?"));
    CHECK(has("b.json:8:85: error: /sendPorts/0/primaryTransport/properties/SMTPAuthenticate:", "none, basic"));
}

TEST_CASE("a required value that neither handler nor port gives, and a plugin's own rule, are errors") {
    const folder f;
    const loaded missing =
        load(f.write("b.json", R"({"host": {}, "sendPorts": [{"name": "A", "primaryTransport": {"type": "MAIL"}}]})"));
    REQUIRE(missing.lines(f.path).size() == 2);
    CHECK(missing.lines(f.path)[0].find("needs the property From") != std::string::npos);
    CHECK(missing.lines(f.path)[1].find("needs the property To") != std::string::npos);
    const loaded disliked = load(f.write("c.json", R"({"host": {}, "sendPorts": [{"name": "A", "primaryTransport":
 {"type": "MAIL", "address": "mailto:x@example.org", "properties": {"From": "a@b", "Subject": "forbidden"}}}]})"));
    REQUIRE(disliked.lines(f.path).size() == 1);
    CHECK(disliked.lines(f.path)[0].find(
              "c.json:2:95: error: /sendPorts/0/primaryTransport/properties/Subject: the plugin") == 0);
}

TEST_CASE("secrets come from the environment, a file or a credential; one written down is a warning") {
    const folder f;
    f.write("secret", "from-file\n");
    f.write("credentials/smtp", "from-credential");
    ::setenv("HAWSER_TEST_SECRET", "from-env", 1);
    ::setenv("CREDENTIALS_DIRECTORY", (f.path / "credentials").c_str(), 1);
    const auto secret = [&](const std::string& value) {
        return load(f.write(
            "b.json",
            R"({"host": {}, "sendHandlers": {"MAIL": {"From": "a@b", "Password": )" + value +
                R"(}}, "sendPorts": [{"name": "A", "primaryTransport": {"type": "MAIL", "address": "mailto:x@y"}}]})"));
    };
    const auto value = [](const loaded& got) {
        return got.bindings.send_ports.at(0).primary.properties.at("Password").secret.text();
    };
    CHECK(value(secret(R"({"env": "HAWSER_TEST_SECRET"})")) == "from-env");
    CHECK(value(secret(R"({"file": "secret"})")) == "from-file");
    CHECK(value(secret(R"({"credential": "smtp"})")) == "from-credential");
    CHECK(secret(R"({"env": "HAWSER_TEST_NO_SUCH"})").problems.has_errors());
    const auto refusal = [&](const std::string& value) { return secret(value).lines(f.path).at(0); };
    CHECK(refusal(R"({"file": "no-such"})").find("cannot be read: No such file") != std::string::npos);
    CHECK(refusal(R"({"file": "credentials"})").find("cannot be read: Is a directory") != std::string::npos);
    CHECK(refusal(R"({"credential": "../secret"})").find("has no \"/\"") != std::string::npos);
    f.write("largest", std::string(64 * 1024, 's'));
    CHECK(value(secret(R"({"file": "largest"})")).size() == 64 * 1024);
    f.write("larger", std::string(64 * 1024 + 1, 's'));
    CHECK(secret(R"({"file": "larger"})").problems.has_errors());
    const loaded written = secret(R"("inline")");
    CHECK_FALSE(written.problems.has_errors());
    CHECK(written.problems.list().size() == 1);
}

TEST_CASE("included lists are joined, and a port defined twice shows both places") {
    const folder f;
    const std::string port =
        R"({"name": "B", "primaryTransport": {"type": "MAIL", "address": "mailto:x", "properties": {"From": "a@b"}}})";
    f.write("ports/b.json", "{\"sendPorts\": [" + port + "]}");
    const std::string main = f.write("main.json", R"({"host": {}, "include": ["ports/*.json"], "sendPorts": []})");
    CHECK(load(main).bindings.send_ports.at(0).name == "B");
    f.write("ports/c.json", "{\"sendPorts\": [" + port + "]}");
    const std::vector<std::string> lines = load(main).lines(f.path);
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].find("ports/c.json:1:25: error") == 0);
    CHECK(lines[0].find("ports/b.json:1:16") != std::string::npos);
}

TEST_CASE("an overlay patches ports by name, and its mistakes are shown in the overlay") {
    const folder f;
    const std::string main = f.write("b.json", good);
    const std::string overlay =
        f.write("prod.json",
                R"({"sendPorts": [{"name": "Invoices", "priority": 1, "filter": null}], "host": {"name": "Prod"}})");
    const loaded got = load(main, {overlay});
    CHECK(got.lines(f.path).empty());
    CHECK(got.bindings.host.name == "Prod");
    CHECK(got.bindings.send_ports.at(0).priority == 1);
    CHECK_FALSE(got.bindings.send_ports[0].filter);
    CHECK(got.bindings.send_ports[0].primary.address == "mailto:ap@example.org");
    const loaded wrong = load(main, {f.write("bad.json", R"({"sendPorts": [{"name": "Invoices", "priority": 99}]})")});
    REQUIRE(wrong.lines(f.path).size() == 1);
    CHECK(wrong.lines(f.path)[0].find("bad.json:1:49: error: /sendPorts/0/priority") == 0);
}

TEST_CASE("what this version does not have is refused, never ignored") {
    const folder f;
    const loaded got = load(f.write("b.json", R"({"host": {}, "parties": [], "sendPorts": [{"name": "A", "rate": {},
 "primaryTransport": {"type": "MAIL", "address": "mailto:x@y", "properties": {"From": "a@b",
  "ReplyBy": "2026-01-01T00:00:00Z", "MaxConnections": 1}}}]})"));
    CHECK(got.lines(f.path).size() == 4);
}

TEST_CASE("tracking is off unless a port wants it, and is kept for 30 days and 10 GB unless the host says otherwise") {
    const folder f;
    const loaded off = load(f.write("b.json", good));
    const tracking_binding& nothing = off.bindings.send_ports.at(0).tracking;
    CHECK_FALSE(
        (nothing.properties_before || nothing.bodies_before || nothing.properties_after || nothing.bodies_after));
    CHECK(off.bindings.host.tracking.age_ms == std::int64_t{30} * 24 * 3600 * 1000);
    CHECK(off.bindings.host.tracking.size_bytes == 10'000'000'000);
    const std::string main = f.write("b.json", good);
    const loaded on = load(main, {f.write("o.json", R"({"host": {"tracking": {"maxAge": "36h", "maxSize": "2GiB"},
      "messageBox": {"indexedProperties": ["Invoice.Number", "Invoice.Year"]}}, "sendPorts": [{"name": "Invoices",
      "tracking": {"beforePipeline": ["bodies"], "afterPipeline": ["properties", "bodies"]}}]})")});
    CHECK(on.lines(f.path).empty());
    const tracking_binding& tracking = on.bindings.send_ports.at(0).tracking;
    CHECK_FALSE(tracking.properties_before);
    CHECK((tracking.bodies_before && tracking.properties_after && tracking.bodies_after));
    CHECK(on.bindings.host.tracking.age_ms == std::int64_t{36} * 3600 * 1000);
    CHECK(on.bindings.host.tracking.size_bytes == std::int64_t{2} << 30);
    CHECK(on.bindings.host.indexed_properties == std::vector<std::string>{"Invoice.Number", "Invoice.Year"});
}

TEST_CASE("each mistake in tracking has its place, and says what is allowed") {
    const folder f;
    const std::string main = f.write("b.json", good);
    const loaded got =
        load(main, {f.write("o.json", R"({"host": {"tracking": {"maxAge": "soon", "maxSize": "10G", "x": 1},
 "messageBox": {"indexedProperties": ["Number", "A.B", "A.B"]}}, "sendPorts": [{"name": "Invoices",
 "tracking": {"beforePipeline": ["bodie", 5], "afterPipelin": [], "afterPipeline": ["bodies", "bodies"]}}]})")});
    const std::vector<std::string> lines = got.lines(f.path);
    const auto has = [&](const std::string& start, const std::string& piece) {
        return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
            return line.rfind(start, 0) == 0 && line.find(piece) != std::string::npos;
        });
    };
    CHECK(lines.size() == 9);
    CHECK(has("o.json:1:34: error: /host/tracking/maxAge:", "duration like"));
    CHECK(has("o.json:1:53: error: /host/tracking/maxSize:", "500MB"));
    CHECK(has("o.json:1:60: error: /host/tracking/x:", "unknown key"));
    CHECK(has("o.json:2:39: error: /host/messageBox/indexedProperties/0:", "Namespace.Name"));
    CHECK(has("o.json:2:56: error: /host/messageBox/indexedProperties/2:", "twice"));
    CHECK(has("o.json:3:34: error: /sendPorts/0/tracking/beforePipeline/0:", "did you mean \"bodies\"?"));
    CHECK(has("o.json:3:43: error: /sendPorts/0/tracking/beforePipeline/1:", "properties, bodies"));
    CHECK(has("o.json:3:47: error: /sendPorts/0/tracking/afterPipelin:", "did you mean \"afterPipeline\"?"));
    CHECK(has("o.json:3:95: error: /sendPorts/0/tracking/afterPipeline/1:", "twice"));
}
