#include "bindings/json_schema.hpp"

#include <nlohmann/json.hpp>

namespace hawser::engine {
namespace {

using json = nlohmann::ordered_json;

std::string text_of(hawser_string text) {
    return text.data == nullptr ? std::string{} : std::string(text.data, text.size);
}

json secret_schema() {
    return json::parse(R"({"oneOf":[{"type":"string"},
      {"type":"object","additionalProperties":false,"required":["env"],"properties":{"env":{"type":"string"}}},
      {"type":"object","additionalProperties":false,"required":["file"],"properties":{"file":{"type":"string"}}},
      {"type":"object","additionalProperties":false,"required":["credential"],
       "properties":{"credential":{"type":"string"}}}]})");
}

json enumeration_schema(const std::string& words) {
    json values = json::array();
    std::size_t start = 0;
    while (start < words.size()) {
        const std::size_t end = std::min(words.find('|', start), words.size());
        const std::string one = words.substr(start, end - start);
        const std::size_t equals = one.find('=');
        values.push_back(one.substr(0, equals));
        if (equals != std::string::npos) {
            values.push_back(std::stoll(one.substr(equals + 1)));
        }
        start = end + 1;
    }
    return {{"enum", values}};
}

json property_schema(const hawser_property_spec& spec) {
    json schema;
    if ((spec.flags & HAWSER_SPEC_SECRET) != 0) {
        schema = secret_schema();
    } else {
        switch (spec.type) {
        case HAWSER_TYPE_INTEGER:
            schema = {{"type", "integer"}};
            if (spec.minimum != 0 || spec.maximum != 0) {
                schema["minimum"] = spec.minimum;
                schema["maximum"] = spec.maximum;
            }
            break;
        case HAWSER_TYPE_BOOLEAN: schema = {{"type", "boolean"}}; break;
        case HAWSER_TYPE_ENUMERATION: schema = enumeration_schema(text_of(spec.words)); break;
        case HAWSER_TYPE_STRING_LIST: schema = {{"type", {"string", "array"}}, {"items", {{"type", "string"}}}}; break;
        case HAWSER_TYPE_DATE_TIME: schema = {{"type", "string"}, {"format", "date-time"}}; break;
        default: schema = {{"type", "string"}}; break;
        }
    }
    schema["description"] = text_of(spec.text);
    if (spec.default_value.data != nullptr) {
        const std::string text = text_of(spec.default_value);
        schema["default"] = spec.type == HAWSER_TYPE_BOOLEAN   ? json(text == "true")
                            : spec.type == HAWSER_TYPE_INTEGER ? json(std::stoll(text))
                                                               : json(text);
    }
    return schema;
}

json properties_schema(const hawser_descriptor& descriptor, bool is_port) {
    json properties = json::object();
    for (std::uint32_t i = 0; i < descriptor.property_count; ++i) {
        const hawser_property_spec& spec = *descriptor.properties[i];
        const std::uint32_t hidden = HAWSER_SPEC_CONTEXT_ONLY | (is_port ? HAWSER_SPEC_HANDLER_ONLY : 0U);
        if ((spec.flags & hidden) == 0) {
            properties[text_of(spec.name)] = property_schema(spec);
        }
    }
    return {{"type", "object"},
            {"description", text_of(descriptor.summary)},
            {"additionalProperties", false},
            {"properties", properties}};
}

json transport_schema(const component_catalogue& catalogue) {
    json transport = json::parse(R"({"type":"object","required":["type"],"properties":{
      "type":{"type":"string"},"address":{"type":"string"},
      "retryCount":{"type":"integer","minimum":0,"maximum":1000,"default":3},
      "retryInterval":{"$ref":"#/$defs/duration","default":"5m"},"properties":{"type":"object"}},
      "additionalProperties":false})");
    json cases = json::array();
    json types = json::array();
    for (const std::string& name : catalogue.names(HAWSER_KIND_SEND_ADAPTER)) {
        types.push_back(name);
        cases.push_back(
            {{"if", {{"properties", {{"type", {{"const", name}}}}}}},
             {"then",
              {{"properties",
                {{"properties", properties_schema(*catalogue.find(HAWSER_KIND_SEND_ADAPTER, name), true)}}}}}});
    }
    transport["properties"]["type"]["enum"] = types;
    if (!cases.empty()) {
        transport["allOf"] = cases;
    }
    return transport;
}

json component_schema(const component_catalogue& catalogue) {
    json component = json::parse(R"({"type":"object","required":["component"],"additionalProperties":false,
      "properties":{"component":{"type":"string"},"properties":{"type":"object"}}})");
    json cases = json::array();
    json names = json::array();
    for (const std::string& name : catalogue.names(HAWSER_KIND_PIPELINE_COMPONENT)) {
        names.push_back(name);
        cases.push_back(
            {{"if", {{"properties", {{"component", {{"const", name}}}}}}},
             {"then",
              {{"properties",
                {{"properties", properties_schema(*catalogue.find(HAWSER_KIND_PIPELINE_COMPONENT, name), false)}}}}}});
    }
    component["properties"]["component"]["enum"] = names;
    if (!cases.empty()) {
        component["allOf"] = cases;
    }
    return component;
}

constexpr const char* fixed_part = R"({
  "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Hawser bindings", "type": "object",
  "required": ["host", "sendPorts"], "additionalProperties": false,
  "properties": {
    "$schema": {"type": "string"},
    "host": {"type": "object", "additionalProperties": false, "properties": {
      "name": {"type": "string", "description": "Shown in status and logs."},
      "messageBox": {"type": "object", "additionalProperties": false, "properties": {
        "type": {"enum": ["sqlite"]}, "path": {"type": "string", "description": "Relative to the bindings file."},
        "indexedProperties": {"type": "array", "maxItems": 16, "uniqueItems": true, "items": {"type": "string"},
          "description": "Properties that messages are found by at once, as Namespace.Name."}}},
      "tracking": {"type": "object", "additionalProperties": false,
        "description": "How long what ports track is kept: the oldest goes where either limit is passed.",
        "properties": {"maxAge": {"$ref": "#/$defs/duration", "default": "30d"},
          "maxSize": {"$ref": "#/$defs/size", "default": "10GB"}}},
      "certificates": {"type": "object", "additionalProperties": false, "properties": {
        "personal": {"type": "string", "description": "Folder of certificates with private keys."},
        "otherPeople": {"type": "string", "description": "Folder of partners' certificates."},
        "trusted": {"type": "string",
          "description": "Folder of trust anchors and CRLs; default: the system's anchors."},
        "signing": {"type": "string", "description": "SHA-1 or SHA-256 thumbprint, or a file name in personal."}}},
      "serviceAccount": {"type": "object", "additionalProperties": false, "properties": {"domain": {"type": "string"},
        "user": {"type": "string"}, "password": {}}},
      "workers": {"type": "integer", "minimum": 1, "maximum": 64, "default": 2},
      "stopGrace": {"$ref": "#/$defs/duration", "default": "10s"}}},
    "plugins": {"type": "array", "items": {"type": "string"}, "default": ["smtp", "smime"]},
    "include": {"type": "array", "items": {"type": "string"}},
    "sendHandlers": {"type": "object"},
    "pipelines": {"type": "object", "additionalProperties": {"$ref": "#/$defs/pipeline"}},
    "sendPorts": {"type": "array", "items": {"type": "object", "required": ["name", "primaryTransport"],
      "additionalProperties": false, "properties": {
      "name": {"type": "string"}, "description": {"type": "string"},
      "state": {"enum": ["bound", "stopped", "started"], "default": "started"},
      "pipeline": {"oneOf": [{"type": "string"}, {"$ref": "#/$defs/pipeline"}]},
        "pipelineProperties": {"type": "object"},
      "encryptionCertificates": {"type": "array", "items": {"type": "string"}},
      "require": {"enum": ["none", "signed", "encrypted", "signedAndEncrypted"]},
      "primaryTransport": {"$ref": "#/$defs/transport"}, "backupTransport": {"$ref": "#/$defs/transport"},
      "filter": {"$ref": "#/$defs/filter"}, "orderedDelivery": {"type": "boolean", "default": false},
      "stopSendingOnFailure": {"type": "boolean", "default": false}, "spoolBeforeSend": {"type": "boolean",
        "default": false},
      "priority": {"type": "integer", "minimum": 1, "maximum": 10, "default": 5},
      "maxInFlight": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 64},
      "attachmentRoots": {"type": "array", "items": {"type": "string"}},
      "tracking": {"type": "object", "additionalProperties": false,
        "description": "What is kept of a message that was delivered, before and after the pipeline.", "properties": {
        "beforePipeline": {"$ref": "#/$defs/tracked"}, "afterPipeline": {"$ref": "#/$defs/tracked"}}}}}},
    "sendPortGroups": {"type": "array", "items": {"type": "object", "required": ["name", "ports"],
      "additionalProperties": false, "properties": {
      "name": {"type": "string"}, "ports": {"type": "array", "items": {"type": "string"}},
      "state": {"enum": ["bound", "started"], "default": "started"}, "filter": {"$ref": "#/$defs/filter"}}}}
  },
  "$defs": {
    "duration": {"oneOf": [{"type": "string", "pattern": "^[0-9]+[smhd]$"}, {"type": "integer", "minimum": 0,
      "description": "minutes"}]},
    "size": {"oneOf": [{"type": "string", "pattern": "^[0-9]+([KMGT]i?)?B$"}, {"type": "integer", "minimum": 0,
      "description": "bytes"}]},
    "tracked": {"type": "array", "uniqueItems": true, "items": {"enum": ["properties", "bodies"]}},
    "filter": {"type": "object", "required": ["anyOf"], "additionalProperties": false,
      "properties": {"anyOf": {"type": "array", "items": {
      "type": "object", "required": ["allOf"], "additionalProperties": false,
        "properties": {"allOf": {"type": "array", "minItems": 1,
        "items": {"type": "array", "minItems": 2, "maxItems": 3}}}}}}},
    "pipeline": {"type": "object", "additionalProperties": false, "properties": {
      "preAssemble": {"type": "array", "items": {"$ref": "#/$defs/component"}}, "assemble": {"type": "array",
        "items": {"$ref": "#/$defs/component"}},
      "encode": {"type": "array", "items": {"$ref": "#/$defs/component"}}}}
  }
})";

}  // namespace

std::string make_json_schema(const component_catalogue& catalogue) {
    json schema = json::parse(fixed_part);
    json handlers = json::object();
    for (const std::string& name : catalogue.names(HAWSER_KIND_SEND_ADAPTER)) {
        handlers[name] = properties_schema(*catalogue.find(HAWSER_KIND_SEND_ADAPTER, name), false);
    }
    schema["properties"]["sendHandlers"]["properties"] = handlers;
    schema["properties"]["sendHandlers"]["additionalProperties"] = false;
    schema["$defs"]["transport"] = transport_schema(catalogue);
    schema["$defs"]["component"] = component_schema(catalogue);
    return schema.dump(2);
}

}  // namespace hawser::engine
