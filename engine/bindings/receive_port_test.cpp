// Receive ports, and which pipelines they may have.
#include <doctest/doctest.h>

#include "bindings/bindings_test_support.hpp"

using namespace hawser::engine;
using namespace hawser::engine::bindings_test;

namespace {

const std::string send_port =
    R"({"name": "Out", "primaryTransport": {"type": "MAIL", "address": "mailto:x@y", "properties": {"From": "a@b"}})";

std::string bindings(const std::string& receive_ports, const std::string& pipelines,
                     const std::string& send_pipeline = "") {
    return "{\"host\": {}, \"pipelines\": {" + pipelines + "},\n\"receivePorts\": " + receive_ports +
           ",\n\"sendPorts\": [" + send_port + (send_pipeline.empty() ? "" : ", \"pipeline\": " + send_pipeline) +
           "}]}";
}

const std::string opened =
    R"("Opened": {"decode": [{"component": "Decoder"}], "validate": [{"component": "Decoder"}]})";
const std::string sealed = R"("Sealed": {"encode": [{"component": "Encoder"}]})";

}  // namespace

TEST_CASE("a receive port has a named pipeline with its own properties, one of its own, or none") {
    const folder f;
    const loaded got = load(f.write("b.json", bindings(R"([
        {"name": "Named", "description": "d", "pipeline": "Opened",
         "pipelineProperties": {"Decoder": {"Strict": false}}},
        {"name": "Own", "pipeline": {"validate": [{"component": "Decoder"}]}}, {"name": "Plain"}])",
                                                       opened)));
    CHECK(got.lines(f.path).empty());
    REQUIRE(got.bindings.receive_ports.size() == 3);
    const receive_port_binding& named = got.bindings.receive_ports[0];
    CHECK(named.name == "Named");
    CHECK(named.pipeline_name == "Opened");
    REQUIRE(named.pipeline.size() == 2);
    CHECK(named.pipeline[0].stage_name == "decode");
    CHECK(named.pipeline[1].stage_name == "validate");
    CHECK(named.pipeline[0].properties.at("Strict").text == "false");
    CHECK(got.bindings.receive_ports[1].pipeline_name.empty());
    CHECK(got.bindings.receive_ports[1].pipeline.size() == 1);
    CHECK(got.bindings.receive_ports[2].pipeline.empty());
}

TEST_CASE("a pipeline is for one direction, and the port that names it for the same") {
    const folder f;
    const loaded sending = load(f.write("a.json", bindings("[]", opened, "\"Opened\"")));
    REQUIRE(sending.lines(f.path).size() == 1);
    CHECK(sending.has(f.path, "a.json:3:", "the send port \"Out\" has the pipeline \"Opened\" of receive stages"));
    CHECK(sending.has(f.path, "a.json:3:", "preAssemble, assemble, encode"));
    const loaded receiving = load(f.write("b.json", bindings(R"([{"name": "In", "pipeline": "Sealed"}])", sealed)));
    REQUIRE(receiving.lines(f.path).size() == 1);
    CHECK(receiving.has(f.path, "b.json:2:", "the receive port \"In\" has the pipeline \"Sealed\" of send stages"));
    const loaded inside = load(f.write("c.json", bindings(R"([{"name": "In", "pipeline": {"encode": []}}])", "")));
    CHECK(inside.has(f.path, "c.json:2:", "has a pipeline of send stages (encode)"));
    const loaded mixed = load(f.write("d.json", bindings("[]", R"("Both": {"decode": [], "encode": []})")));
    REQUIRE(mixed.lines(f.path).size() == 1);
    CHECK(mixed.has(f.path, "d.json:1:", "make two pipelines of it"));
}

TEST_CASE("a component in a stage that is not its own, and a stage that there is not, are errors") {
    const folder f;
    const loaded got = load(f.write(
        "b.json", bindings(R"([{"name": "In", "pipeline": {"disassemble": [{"component": "Decoder"}], "decod": []}}])",
                           R"("Sealed": {"assemble": [{"component": "Encoder"}]})")));
    CHECK(got.lines(f.path).size() == 3);
    CHECK(got.has(f.path, "b.json:2:", "Decoder cannot stand in the stage disassemble: move it to decode, validate"));
    CHECK(got.has(f.path, "b.json:2:", "did you mean \"decode\"?"));
    CHECK(got.has(f.path, "b.json:1:", "Encoder cannot stand in the stage assemble: move it to encode"));
}

TEST_CASE("receive ports are joined and laid over by name, and a name counts once") {
    const folder f;
    f.write("more.json", R"({"receivePorts": [{"name": "B"}]})");
    const std::string with_include =
        R"({"host": {}, "include": ["more.json"], "receivePorts": [{"name": "A"}], "sendPorts": []})";
    const std::string overlay =
        f.write("over.json", R"({"receivePorts": [{"name": "B", "pipeline": {"decode": []}}]})");
    CHECK(load(f.write("a.json", with_include), {overlay}).bindings.receive_ports.size() == 2);
    const loaded twice = load(f.write("b.json", bindings(R"([{"name": "A"}, {"name": "A"}, {}])", "")));
    CHECK(twice.has(f.path, "b.json:2:", "there are two receive ports \"A\": the other is at"));
    CHECK(twice.has(f.path, "b.json:2:", "a receive port needs a name"));
    CHECK(load(f.write("c.json", bindings("{}", ""))).has(f.path, "c.json:2:", "this must be a list of receive ports"));
    f.write("more.json", R"({"receivePorts": [{"name": "A"}]})");
    CHECK(load(f.write("a.json", with_include)).has(f.path, "more.json:1:", "\"A\" is defined twice"));
    CHECK(load(f.write("d.json", bindings(R"([{"name": "A", "receiveLocations": []}])", "")))
              .has(f.path, "d.json:2:", "hawser submit --receive-port A"));
}
