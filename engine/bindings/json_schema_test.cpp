#include "bindings/json_schema.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "bindings/bindings_test_support.hpp"

using namespace hawser::engine;
using namespace hawser::engine::bindings_test;
using nlohmann::json;

namespace {

const std::string stranger = "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzz";  // near to no key

json test_schema() { return json::parse(make_json_schema(test_catalogue())); }

const json& resolved(const json& schema, const json& one) {
    return one.contains("$ref")
               ? resolved(schema, schema.at(json::json_pointer(one["$ref"].get<std::string>().substr(1))))
               : one;
}

// The keys of each object in the schema that lists them, by the schema's own pointer to it.
void collect_keys(const json& schema, const json& one, const std::string& pointer,
                  std::map<std::string, std::set<std::string>>& out) {
    if (one.is_array()) {
        for (std::size_t i = 0; i < one.size(); ++i) {
            collect_keys(schema, one[i], pointer + '/' + std::to_string(i), out);
        }
    }
    if (!one.is_object()) {
        return;
    }
    if (one.value("additionalProperties", json(true)) == false && one["properties"].is_object()) {
        for (const auto& [key, value] : one["properties"].items()) {
            out[pointer].insert(key);
        }
    }
    for (const auto& [key, value] : one.items()) {
        collect_keys(schema, value, pointer + '/' + key, out);
    }
}

// What the reader allows beside a key that it does not know, by the pointer of the object.
std::map<std::string, std::set<std::string>> keys_of_reader(const std::string& document) {
    const folder f;
    std::map<std::string, std::set<std::string>> out;
    const loaded got = load(f.write("b.json", document));
    for (const diagnostic& one : got.problems.list()) {
        const std::string start = "allowed are ";
        const std::size_t end = one.pointer.rfind('/' + stranger);
        if (end == std::string::npos || one.hint.rfind(start, 0) != 0) {
            continue;
        }
        std::string list = one.hint.substr(start.size());
        std::set<std::string>& keys = out[one.pointer.substr(0, end)];
        while (!list.empty()) {
            const std::size_t comma = std::min(list.find(", "), list.size());
            keys.insert(list.substr(0, comma));
            list.erase(0, comma + 2);
        }
    }
    return out;
}

// Every object that a bindings file can have, each with a key that nobody knows ('#').
constexpr const char* strange_document = R"({#, "host": {#, "certificates": {#, "tokens": [{#}]}, "serviceAccount": {#},
    "tracking": {#}, "messageBox": {#}, "limits": {#}, "destinations": [{#}], "auditArchives": {"x": {#}}},
  "pipelines": {"P": {#, "encode": [{#, "component": "Encoder"}]}},
  "receivePorts": [{#, "name": "R", "pipeline": {#, "decode": []}}],
  "sendPortGroups": [{#, "name": "G"}],
  "sendPorts": [
    {#, "name": "A", "pipeline": "P", "tracking": {#}, "filter": {#, "anyOf": [{#}]},
     "primaryTransport": {#, "type": "MAIL", "backoff": {#}, "serviceWindow": {#}}},
    {#, "name": "B", "dynamic": true, "primaryTransport": {#}}]})";

// Where the reader's objects stand in the schema; two kinds of ports are one there. Of pipelines the reader knows one
// kind with all stages, and refuses mixtures: see below.
const std::map<std::string, std::vector<std::string>> places{
    {"", {""}},
    {"/properties/host", {"/host"}},
    {"/properties/host/properties/certificates", {"/host/certificates"}},
    {"/properties/host/properties/certificates/properties/tokens/items", {"/host/certificates/tokens/0"}},
    {"/properties/host/properties/serviceAccount", {"/host/serviceAccount"}},
    {"/properties/host/properties/tracking", {"/host/tracking"}},
    {"/properties/host/properties/messageBox", {"/host/messageBox"}},
    {"/properties/host/properties/limits", {"/host/limits"}},
    {"/properties/host/properties/destinations/items", {"/host/destinations/0"}},
    {"/properties/host/properties/auditArchives/additionalProperties", {"/host/auditArchives/x"}},
    {"/properties/sendPortGroups/items", {"/sendPortGroups/0"}},
    {"/$defs/receivePort", {"/receivePorts/0"}},
    {"/$defs/component", {"/pipelines/P/encode/0"}},
    {"/$defs/sendPort", {"/sendPorts/0", "/sendPorts/1"}},
    {"/$defs/sendPort/properties/tracking", {"/sendPorts/0/tracking"}},
    {"/$defs/filter", {"/sendPorts/0/filter"}},
    {"/$defs/filter/properties/anyOf/items", {"/sendPorts/0/filter/anyOf/0"}},
    {"/$defs/transport", {"/sendPorts/0/primaryTransport", "/sendPorts/1/primaryTransport"}},
    {"/$defs/backoff", {"/sendPorts/0/primaryTransport/backoff"}},
    {"/$defs/serviceWindow", {"/sendPorts/0/primaryTransport/serviceWindow"}}};

}  // namespace

TEST_CASE("the schema has every key that the readers know, and no other") {
    std::string document = strange_document;
    for (std::size_t at = document.find('#'); at != std::string::npos; at = document.find('#', at)) {
        document.replace(at, 1, '"' + stranger + "\": 0");
    }
    std::map<std::string, std::set<std::string>> of_reader = keys_of_reader(document);
    const json schema = test_schema();
    std::map<std::string, std::set<std::string>> of_schema;
    collect_keys(schema, schema, "", of_schema);
    for (const auto& [place, pointers] : places) {
        CAPTURE(place);
        std::set<std::string> known;
        for (const std::string& pointer : pointers) {
            CAPTURE(pointer);
            CHECK(of_reader.count(pointer) == 1);
            known.merge(of_reader[pointer]);
            of_reader.erase(pointer);
        }
        CHECK(known == of_schema[place]);
        of_schema.erase(place);
    }
    std::set<std::string> stages = of_schema["/$defs/pipeline"];
    stages.merge(of_schema["/$defs/receivePipeline"]);
    for (const char* pointer : {"/pipelines/P", "/receivePorts/0/pipeline"}) {
        CHECK(of_reader[pointer] == stages);
        of_reader.erase(pointer);
    }
    of_schema.erase("/$defs/pipeline");
    of_schema.erase("/$defs/receivePipeline");
    CHECK(of_reader.empty());
    for (const auto& [place, keys] : of_schema) {  // what is left are secrets and the plugins' own properties
        CAPTURE(place);
        const bool is_plugins = place.starts_with("/properties/sendHandlers") || place.starts_with("/$defs/secret/") ||
                                place.find("/then/properties/") != std::string::npos;
        CHECK(is_plugins);
    }
}

TEST_CASE("the documentation has every key of the schema") {
    std::ifstream file(HAWSER_SOURCE_DIR "/docs/bindings.md");
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    const json schema = test_schema();
    std::map<std::string, std::set<std::string>> keys;
    collect_keys(schema, schema, "", keys);
    std::vector<std::string> documented{"/$defs/pipeline", "/$defs/receivePipeline"};
    for (const auto& [place, pointers] : places) {
        documented.push_back(place);
    }
    for (const std::string& place : documented) {
        for (const std::string& key : keys[place]) {
            CAPTURE(place);
            CAPTURE(key);
            bool is_there = false;  // `key`, `certificates.key`, `key.queueDepth`, or in an example
            for (const char* around : {"``", ".`", "`.", "\"\""}) {
                is_there = is_there || text.find(around[0] + key + around[1]) != std::string::npos;
            }
            CHECK(is_there);
        }
    }
}

TEST_CASE("the schema names every property of the loaded plugins") {
    const json schema = test_schema();
    CHECK(schema["$schema"] == "https://json-schema.org/draft/2020-12/schema");
    const json& handler = schema["properties"]["sendHandlers"]["properties"]["MAIL"]["properties"];
    CHECK(handler.contains("MaxConnections"));
    CHECK(handler["SMTPAuthenticate"]["enum"] == json::parse(R"(["none", 0, "basic", 1])"));
    CHECK(handler["Password"]["oneOf"][3]["properties"].contains("credential"));
    CHECK_FALSE(handler.contains("ReplyBy"));
    const json& transports = schema["$defs"]["transport"]["allOf"];
    REQUIRE(transports.size() == 2);
    CHECK(transports[0]["if"]["properties"]["type"]["const"] == "FILE");
    CHECK(transports[1]["then"]["properties"]["properties"]["properties"].contains("Subject"));
    CHECK_FALSE(transports[1]["then"]["properties"]["properties"]["properties"].contains("MaxConnections"));
    CHECK(schema["$defs"]["component"]["allOf"][1]["then"]["properties"]["properties"]["properties"].contains(
        "EnableEncryption"));
}

TEST_CASE("every reference in the schema leads somewhere") {
    const json schema = test_schema();
    unsigned count = 0;
    const std::function<void(const json&)> walk = [&](const json& one) {
        if (one.is_object() && one.contains("$ref")) {
            ++count;
            CHECK(resolved(schema, one).is_object());
        }
        if (one.is_structured()) {
            for (const json& child : one) {
                walk(child);
            }
        }
    };
    walk(schema);
    CHECK(count > 20);
}
