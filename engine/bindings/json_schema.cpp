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
    json transport = json::parse(R"({"type":"object","properties":{
      "type":{"type":"string","description":"The adapter; only a dynamic port may leave it out."},
      "address":{"type":"string","description":"Where messages go; a dynamic port takes it from each message."},
      "retryCount":{"type":"integer","minimum":0,"maximum":1000,"default":3},
      "retryInterval":{"$ref":"#/$defs/duration","default":"5m"},"backoff":{"$ref":"#/$defs/backoff"},
      "serviceWindow":{"$ref":"#/$defs/serviceWindow"},"properties":{"type":"object"}},
      "additionalProperties":false})");
    json cases = json::array();
    json types = json::array();
    for (const std::string& name : catalogue.names(HAWSER_KIND_SEND_ADAPTER)) {
        types.push_back(name);
        cases.push_back(
            {{"if", {{"required", {"type"}}, {"properties", {{"type", {{"const", name}}}}}}},
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
            {{"if", {{"required", {"component"}}, {"properties", {{"component", {{"const", name}}}}}}},
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
        "signing": {"type": "string",
          "description": "SHA-1 or SHA-256 thumbprint, a file name in personal, or a URI of one in a token."},
        "warnBefore": {"$ref": "#/$defs/duration", "default": "30d",
          "description": "How long before the end of a certificate that a port uses warnings begin."},
        "passwords": {"type": "object", "additionalProperties": {"$ref": "#/$defs/secret"},
          "description": "Of PKCS#12 files and encrypted private keys, by file name."},
        "tokens": {"type": "array", "description": "PKCS#11 tokens with our certificates and their private keys.",
          "items": {"type": "object", "additionalProperties": false, "required": ["module", "token"], "properties": {
          "module": {"type": "string", "pattern": "^/", "description": "The PKCS#11 library; an absolute path."},
          "token": {"type": "string", "pattern": "^pkcs11:", "description": "Which of its tokens; RFC 7512."},
          "pin": {"$ref": "#/$defs/secret"}}}},
        "revocation": {"enum": ["files", "fetch"], "default": "files",
          "description": "CRL files in the folders; or CRLs and OCSP answers from where certificates say, too."},
        "revocationCache": {"type": "string",
          "description": "Folder of what was fetched; default: beside the message box."},
        "revocationPrivateAddresses": {"type": "boolean", "default": false,
          "description": "Fetches from loopback and private addresses as well."}}},
      "serviceAccount": {"type": "object", "additionalProperties": false, "required": ["user", "password"],
        "description": "Whom adapters log in as that use the process's account.", "properties": {
        "domain": {"type": "string"}, "user": {"type": "string"}, "password": {"$ref": "#/$defs/secret"}}},
      "destinations": {"type": "array", "description": "Limits that hold over all ports.", "items": {
        "type": "object", "additionalProperties": false, "required": ["location"],
        "anyOf": [{"required": ["maxInFlight"]}, {"required": ["rate"]}], "properties": {
        "location": {"$ref": "#/$defs/location"},
        "maxInFlight": {"type": "integer", "minimum": 1, "maximum": 10000, "description": "Deliveries at once."},
        "rate": {"$ref": "#/$defs/rate"}}}},
      "auditArchives": {"type": "object",
        "description": "Records of what ports hand over, that nobody can alter unseen.",
        "additionalProperties": {"type": "object", "additionalProperties": false, "required": ["path", "signingKey"],
        "properties": {"path": {"type": "string", "description": "A folder, relative to the bindings file."},
        "content": {"enum": ["bytes", "hash"], "default": "bytes", "description": "What is kept of what was sent."},
        "signingKey": {"type": "string", "description": "PEM file of a private key: Ed25519, Ed448, ECDSA or RSA."},
        "signAfterRecords": {"type": "integer", "minimum": 1, "maximum": 1000000, "default": 1000},
        "signAfter": {"$ref": "#/$defs/duration", "default": "1h",
          "description": "The longest time that a record stays unsigned."}}}},
      "limits": {"type": "object", "additionalProperties": false,
        "description": "Where one is passed, new messages are not accepted until it no longer is.", "properties": {
        "queueDepth": {"type": "integer", "minimum": 0, "maximum": 1000000000, "default": 0,
          "description": "Deliveries that have not ended, over all ports; 0 = no limit."},
        "diskFree": {"$ref": "#/$defs/size", "default": "64MB", "description": "What has to be free beside the box."}}},
      "workers": {"type": "integer", "minimum": 1, "maximum": 64, "default": 2},
      "stopGrace": {"$ref": "#/$defs/duration", "default": "10s"}}},
    "plugins": {"type": "array", "items": {"type": "string"}, "default": ["smtp", "smime"]},
    "include": {"type": "array", "items": {"type": "string"}},
    "sendHandlers": {"type": "object"},
    "pipelines": {"type": "object", "additionalProperties": {"anyOf": [{"$ref": "#/$defs/pipeline"},
      {"$ref": "#/$defs/receivePipeline"}]}},
    "sendPorts": {"type": "array", "items": {"$ref": "#/$defs/sendPort"}},
    "receivePorts": {"type": "array", "items": {"$ref": "#/$defs/receivePort"}},
    "sendPortGroups": {"type": "array", "items": {"type": "object", "required": ["name", "ports"],
      "additionalProperties": false, "properties": {
      "name": {"type": "string"}, "ports": {"type": "array", "items": {"type": "string"}},
      "state": {"enum": ["bound", "stopped", "started"], "default": "started"},
        "filter": {"$ref": "#/$defs/filter"}}}}
  },
  "$defs": {
    "receivePort": {"type": "object", "required": ["name"], "additionalProperties": false,
      "description": "What a submission names to have a message decoded before it is published.", "properties": {
      "name": {"type": "string", "minLength": 1, "maxLength": 255, "description": "BTS.ReceivePortName."},
      "description": {"type": "string"},
      "pipeline": {"oneOf": [{"type": "string"}, {"$ref": "#/$defs/receivePipeline"}]},
      "pipelineProperties": {"type": "object"}}},
    "receivePipeline": {"type": "object", "additionalProperties": false, "properties": {
      "decode": {"type": "array", "items": {"$ref": "#/$defs/component"}},
      "disassemble": {"type": "array", "items": {"$ref": "#/$defs/component"}},
      "validate": {"type": "array", "items": {"$ref": "#/$defs/component"}},
      "resolveParty": {"type": "array", "items": {"$ref": "#/$defs/component"}}}},
    "sendPort": {"type": "object", "required": ["name"], "additionalProperties": false,
      "if": {"required": ["dynamic"], "properties": {"dynamic": {"const": true}}},
      "then": {"required": ["allowedLocations"], "properties": {"backupTransport": false}},
      "else": {"required": ["primaryTransport"], "properties": {"allowedLocations": false,
        "primaryTransport": {"required": ["type"]}, "backupTransport": {"required": ["type"]}}},
      "properties": {
      "name": {"type": "string"}, "description": {"type": "string"},
      "state": {"enum": ["bound", "stopped", "started"], "default": "started"},
      "dynamic": {"type": "boolean", "default": false, "description":
        "Each message brings its address in BTS.OutboundTransportLocation, and may name the adapter."},
      "allowedLocations": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/location"},
        "description": "Where a message may ask a dynamic port to send it."},
      "pipeline": {"oneOf": [{"type": "string"}, {"$ref": "#/$defs/pipeline"}]},
      "pipelineProperties": {"type": "object"},
      "encryptionCertificates": {"type": "array", "items": {"type": "string"}},
      "require": {"enum": ["none", "signed", "encrypted", "signedAndEncrypted"]},
      "primaryTransport": {"$ref": "#/$defs/transport"}, "backupTransport": {"$ref": "#/$defs/transport"},
      "filter": {"$ref": "#/$defs/filter"},
      "orderedDelivery": {"type": "boolean", "default": false,
        "description": "One message at a time, in the order of publication."},
      "orderPerLocation": {"type": "boolean", "default": false,
        "description": "Of an ordered dynamic port: the order holds for each location by itself."},
      "stopSendingOnFailure": {"type": "boolean", "default": false,
        "description": "Of an ordered port: a message that failed holds all after it."},
      "spoolBeforeSend": {"type": "boolean", "default": false},
      "priority": {"type": "integer", "minimum": 1, "maximum": 10, "default": 5},
      "maxInFlight": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 64,
        "description": "Deliveries at once."},
      "rate": {"$ref": "#/$defs/rate"},
      "maximumAge": {"$ref": "#/$defs/duration", "description":
        "No retry is made later after publication; a message older at its first attempt is suspended."},
      "routeFailedMessage": {"type": "boolean", "default": false,
        "description": "A message that failed is published with ErrorReport.* properties."},
      "deliveryNotification": {"type": "boolean", "default": false,
        "description": "An ACK or NACK with BTS.Ack* properties is published for each message."},
      "attachmentRoots": {"type": "array", "items": {"type": "string"}},
      "audit": {"type": "string", "description": "The archive, of host.auditArchives, for all that is handed over."},
      "tracking": {"type": "object", "additionalProperties": false,
        "description": "What is kept of a message that was delivered, before and after the pipeline.", "properties": {
        "beforePipeline": {"$ref": "#/$defs/tracked"}, "afterPipeline": {"$ref": "#/$defs/tracked"}}}}},
    "backoff": {"type": "object", "additionalProperties": false, "anyOf": [{"required": ["factor"]},
      {"required": ["jitter"]}], "description": "How the waits between attempts grow.", "properties": {
      "factor": {"type": "number", "minimum": 1, "maximum": 100, "default": 1,
        "description": "By which each wait is longer than the one before."},
      "maxInterval": {"$ref": "#/$defs/duration", "description": "The longest wait; default: no limit."},
      "jitter": {"type": "number", "minimum": 0, "maximum": 1, "default": 0,
        "description": "The part of itself by which a wait is changed at random, up or down."}}},
    "serviceWindow": {"type": "object", "additionalProperties": false, "required": ["from", "to"],
      "description": "Messages wait outside of it.", "properties": {
      "from": {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"},
      "to": {"type": "string", "pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
        "description": "Earlier than from: on the next day."},
      "days": {"type": "array", "minItems": 1, "uniqueItems": true, "description": "On which it opens; default: all.",
        "items": {"enum": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]}},
      "timeZone": {"type": "string", "minLength": 1,
        "description": "An IANA name like Europe/Berlin; default: the system's."}}},
    "rate": {"type": "string", "pattern": "^[1-9][0-9]*/[smh]$",
      "description": "How many attempts may begin in a second, minute or hour, as 10/s, 600/m or 1000/h."},
    "location": {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9+.-]*:", "maxLength": 1024, "description":
      "A pattern like mailto:*@partner.example: * is any run of characters without a slash, ** also with slashes."},
    "duration": {"oneOf": [{"type": "string", "pattern": "^[0-9]+[smhd]$"}, {"type": "integer", "minimum": 0,
      "description": "minutes"}]},
    "size": {"oneOf": [{"type": "string", "pattern": "^[0-9]+([KMGT]i?)?B$"}, {"type": "integer", "minimum": 0,
      "description": "bytes"}]},
    "tracked": {"type": "array", "uniqueItems": true, "items": {"enum": ["properties", "bodies"]}},
    "filter": {"type": "object", "required": ["anyOf"], "additionalProperties": false,
      "properties": {"anyOf": {"type": "array", "items": {
      "type": "object", "required": ["allOf"], "additionalProperties": false,
        "properties": {"allOf": {"type": "array", "minItems": 1,
        "items": {"type": "array", "minItems": 2, "maxItems": 3,
          "items": {"type": ["string", "integer", "boolean"]}}}}}}}},
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
    schema["$defs"]["secret"] = secret_schema();
    schema["$defs"]["transport"] = transport_schema(catalogue);
    schema["$defs"]["component"] = component_schema(catalogue);
    return schema.dump(2);
}

}  // namespace hawser::engine
