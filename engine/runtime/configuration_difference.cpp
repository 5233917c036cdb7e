#include "runtime/configuration_difference.hpp"

#include <algorithm>

namespace hawser::engine {
namespace {

// Without spaces and comments, members in the order of their names.
void append_text(const json_value& value, std::string& out);

void append_string(const std::string& text, std::string& out) { out += std::to_string(text.size()) + ':' + text; }

void append_members(const json_value& object, std::string& out) {
    std::map<std::string, const json_value*> sorted;
    for (const json_member& member : object.members) {
        sorted[member.key] = &member.value;
    }
    out += '{';
    for (const auto& [key, value] : sorted) {
        append_string(key, out);
        append_text(*value, out);
    }
    out += '}';
}

void append_text(const json_value& value, std::string& out) {
    switch (value.type) {
    case json_value::kind::null: out += 'n'; break;
    case json_value::kind::boolean: out += value.boolean ? 't' : 'f'; break;
    case json_value::kind::number:
        out += '#';
        append_string(value.text, out);
        break;
    case json_value::kind::string: append_string(value.text, out); break;
    case json_value::kind::array:
        out += '[';
        for (const json_value& element : value.elements) {
            append_text(element, out);
        }
        out += ']';
        break;
    case json_value::kind::object: append_members(value, out); break;
    }
}

// Each element of a list by its "name", as it stands in a document that has been checked.
std::map<std::string, std::string> texts_of(const json_value& root, const char* list) {
    std::map<std::string, std::string> texts;
    const json_value* const elements = root.find(list);
    for (const json_value& element : elements == nullptr ? std::vector<json_value>{} : elements->elements) {
        if (const json_value* const name = element.find("name")) {
            append_text(element, texts[name->text]);
        }
    }
    return texts;
}

// A pipeline that a port names is a part of what the bindings say of the port.
void append_named_pipelines(const json_value& root, const char* list, std::map<std::string, std::string>& texts) {
    const json_value* const ports = root.find(list);
    const json_value* const pipelines = root.find("pipelines");
    if (ports == nullptr || pipelines == nullptr) {
        return;
    }
    for (const json_value& port : ports->elements) {
        const json_value* const name = port.find("name");
        const json_value* const pipeline = port.find("pipeline");
        if (name != nullptr && pipeline != nullptr && pipeline->is(json_value::kind::string)) {
            if (const json_value* const named = pipelines->find(pipeline->text)) {
                append_text(*named, texts[name->text]);
            }
        }
    }
}

}  // namespace

binding_texts read_binding_texts(const json_value& root) {
    binding_texts texts{texts_of(root, "sendPorts"), texts_of(root, "sendPortGroups"), texts_of(root, "receivePorts")};
    append_named_pipelines(root, "sendPorts", texts.ports);
    append_named_pipelines(root, "receivePorts", texts.receive_ports);
    return texts;
}

changed_names difference(const std::map<std::string, std::string>& before,
                         const std::map<std::string, std::string>& after) {
    changed_names names;
    for (const auto& [name, text] : after) {
        const auto old = before.find(name);
        if (old == before.end()) {
            names.added.push_back(name);
        } else if (old->second != text) {
            names.changed.push_back(name);
        }
    }
    for (const auto& [name, text] : before) {
        if (after.count(name) == 0) {
            names.removed.push_back(name);
        }
    }
    return names;
}

bool has_same_values(const typed_properties& one, const typed_properties& other) {
    return std::equal(one.begin(), one.end(), other.begin(), other.end(), [](const auto& a, const auto& b) {
        return a.first == b.first && a.second.type == b.second.type && a.second.text == b.second.text &&
               a.second.secret == b.second.secret && a.second.list == b.second.list &&
               a.second.is_secret == b.second.is_secret;
    });
}

}  // namespace hawser::engine
