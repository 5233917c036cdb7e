#include "bindings/property_reader.hpp"

#include <charconv>

#include "base/log.hpp"
#include "bindings/secret_reader.hpp"
#include "message/context.hpp"

namespace hawser::engine {
namespace {

std::string_view view(hawser_string text) {
    return text.data == nullptr ? std::string_view{} : std::string_view(text.data, text.size);
}

struct target {
    const hawser_property_spec& spec;
    const json_value& value;
    const std::string& pointer;
    const std::string& base_directory;
    diagnostics& problems;

    void error(const std::string& text, const std::string& hint = {}) const {
        problems.error(value.position, pointer, text, hint);
    }
};

// "none=0|basic=1": the word for a word or its number; "" = neither.
std::string find_word(std::string_view words, const std::string& wanted) {
    while (!words.empty()) {
        const std::size_t end = words.find('|');
        const std::string_view one = words.substr(0, end);
        const std::size_t equals = one.find('=');
        if (one.substr(0, equals) == wanted || (equals != std::string_view::npos && one.substr(equals + 1) == wanted)) {
            return std::string(one.substr(0, equals));
        }
        words = end == std::string_view::npos ? std::string_view{} : words.substr(end + 1);
    }
    return {};
}

std::vector<std::string> words_of(std::string_view words) {
    std::vector<std::string> all;
    while (!words.empty()) {
        const std::size_t end = words.find('|');
        const std::string_view one = words.substr(0, end);
        all.emplace_back(one.substr(0, one.find('=')));
        words = end == std::string_view::npos ? std::string_view{} : words.substr(end + 1);
    }
    return all;
}

std::string list_of(const std::vector<std::string>& names) {
    std::string joined;
    for (const std::string& name : names) {
        joined += (joined.empty() ? "" : ", ") + name;
    }
    return joined;
}

bool check_size(const target& to, const std::string& text) {
    if (to.spec.maximum > 0 && text.size() > static_cast<std::uint64_t>(to.spec.maximum)) {
        to.error("this is " + std::to_string(text.size()) + " bytes long; " + std::to_string(to.spec.maximum) +
                 " are allowed");
        return false;
    }
    return true;
}

bool read_integer(const target& to, std::string& out) {
    std::int64_t number = 0;
    const std::string& text = to.value.text;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (!to.value.is(json_value::kind::number) || failure != std::errc{} || end != text.data() + text.size()) {
        to.error("this must be a whole number");
        return false;
    }
    if ((to.spec.minimum != 0 || to.spec.maximum != 0) && (number < to.spec.minimum || number > to.spec.maximum)) {
        to.error(text + " is out of range: " + std::to_string(to.spec.minimum) + " to " +
                 std::to_string(to.spec.maximum) + " is allowed");
        return false;
    }
    out = std::to_string(number);
    return true;
}

bool read_enumeration(const target& to, std::string& out) {
    const std::vector<std::string> words = words_of(view(to.spec.words));
    if (!to.value.is(json_value::kind::string) && !to.value.is(json_value::kind::number)) {
        to.error("this must be one of " + list_of(words));
        return false;
    }
    out = find_word(view(to.spec.words), to.value.text);
    if (out.empty()) {
        to.error('"' + printable(to.value.text, 60) + "\" is not allowed: one of " + list_of(words) + " is",
                 suggest(to.value.text, words));
        return false;
    }
    return true;
}

bool read_list(const target& to, typed_value& out) {
    if (to.value.is(json_value::kind::string)) {  // BizTalk's form: joined by '|'
        std::string_view rest = to.value.text;
        while (!rest.empty()) {
            const std::size_t end = rest.find('|');
            out.list.emplace_back(rest.substr(0, end));
            rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
        }
    } else if (to.value.is(json_value::kind::array)) {
        for (const json_value& element : to.value.elements) {
            if (!element.is(json_value::kind::string) || element.text.find('|') != std::string::npos) {
                to.error("this must be a list of strings without '|'");
                return false;
            }
            out.list.push_back(element.text);
        }
    } else {
        to.error("this must be a list of strings");
        return false;
    }
    for (const std::string& one : out.list) {
        out.text += (out.text.empty() ? "" : "|") + one;
    }
    return true;
}

bool read_string(const target& to, std::string& out) {
    if (!to.value.is(json_value::kind::string)) {
        to.error(std::string("this must be a string, not ") + name_of(to.value.type));
        return false;
    }
    if (to.value.text.find('\0') != std::string::npos) {
        to.error("a NUL cannot stand in a property");
        return false;
    }
    out = to.value.text;
    return check_size(to, out);
}

bool read_value(const target& to, typed_value& out) {
    if ((to.spec.flags & HAWSER_SPEC_SECRET) != 0) {
        out.is_secret = true;
        std::optional<secret_text> secret = read_secret(to.value, to.pointer, to.base_directory, to.problems);
        if (!secret || !check_size(to, secret->text())) {
            return false;
        }
        out.secret = *std::move(secret);
        return true;
    }
    switch (to.spec.type) {
    case HAWSER_TYPE_INTEGER: return read_integer(to, out.text);
    case HAWSER_TYPE_BOOLEAN:
        if (!to.value.is(json_value::kind::boolean)) {
            to.error(std::string("this must be true or false, not ") + name_of(to.value.type));
            return false;
        }
        out.text = to.value.boolean ? "true" : "false";
        return true;
    case HAWSER_TYPE_ENUMERATION: return read_enumeration(to, out.text);
    case HAWSER_TYPE_STRING_LIST: return read_list(to, out);
    case HAWSER_TYPE_DATE_TIME: {
        message_context scratch;
        if (!read_string(to, out.text)) {
            return false;
        }
        if (!scratch.set("A.B", {.value = out.text, .type = property_type::date_time})) {
            to.error("this must be a date and time as in 2026-11-24T10:30:00Z (RFC 3339)");
            return false;
        }
        return true;
    }
    default: return read_string(to, out.text);
    }
}

const hawser_property_spec* find_spec(const hawser_descriptor& descriptor, const std::string& name) {
    for (std::uint32_t i = 0; i < descriptor.property_count; ++i) {
        if (view(descriptor.properties[i]->name) == name) {
            return descriptor.properties[i];
        }
    }
    return nullptr;
}

std::vector<std::string> names_at(const hawser_descriptor& descriptor, property_level level) {
    std::vector<std::string> names;
    for (std::uint32_t i = 0; i < descriptor.property_count; ++i) {
        const hawser_property_spec& spec = *descriptor.properties[i];
        const std::uint32_t hidden =
            HAWSER_SPEC_CONTEXT_ONLY | (level == property_level::port ? HAWSER_SPEC_HANDLER_ONLY : 0U);
        if ((spec.flags & hidden) == 0) {
            names.emplace_back(view(spec.name));
        }
    }
    return names;
}

}  // namespace

typed_properties read_properties(const json_value& object, const std::string& pointer,
                                 const hawser_descriptor& descriptor, property_level level,
                                 const std::string& base_directory, diagnostics& problems) {
    typed_properties properties;
    const std::string owner(view(descriptor.id));
    if (!object.is(json_value::kind::object)) {
        problems.error(object.position, pointer,
                       "the properties of " + owner + " are an object, like {\"Name\": value}");
        return properties;
    }
    for (const json_member& member : object.members) {
        const std::string at = pointer + '/' + pointer_token(member.key);
        const hawser_property_spec* spec = find_spec(descriptor, member.key);
        if (spec == nullptr) {
            problems.error(member.key_position, at, owner + " has no property \"" + printable(member.key, 60) + '"',
                           suggest(member.key, names_at(descriptor, level)));
            continue;
        }
        if ((spec->flags & HAWSER_SPEC_CONTEXT_ONLY) != 0) {
            problems.error(member.key_position, at,
                           member.key + " cannot be set in bindings: a pipeline component sets it on the message");
            continue;
        }
        if (level == property_level::port && (spec->flags & HAWSER_SPEC_HANDLER_ONLY) != 0) {
            problems.error(member.key_position, at,
                           member.key + " belongs to the send handler: set it in /sendHandlers/" + owner);
            continue;
        }
        typed_value value;
        value.type = spec->type;
        value.is_own_recipient = (spec->flags & HAWSER_SPEC_OWN_RECIPIENT) != 0;
        value.is_from_handler = level == property_level::handler;
        value.position = member.value.position;
        value.pointer = at;
        if (read_value({*spec, member.value, at, base_directory, problems}, value)) {
            properties[member.key] = std::move(value);
        }
    }
    return properties;
}

void add_defaults(typed_properties& properties, const hawser_descriptor& descriptor) {
    for (std::uint32_t i = 0; i < descriptor.property_count; ++i) {
        const hawser_property_spec& spec = *descriptor.properties[i];
        const std::string name(view(spec.name));
        if (spec.default_value.data != nullptr && properties.count(name) == 0) {
            typed_value value;
            value.type = spec.type;
            value.text = view(spec.default_value);
            value.is_default = true;
            properties[name] = std::move(value);
        }
    }
}

void check_required(const typed_properties& properties, const hawser_descriptor& descriptor, bool has_address,
                    const source_position& position, const std::string& pointer, diagnostics& problems) {
    for (std::uint32_t i = 0; i < descriptor.property_count; ++i) {
        const hawser_property_spec& spec = *descriptor.properties[i];
        const bool is_given = properties.count(std::string(view(spec.name))) != 0 ||
                              (has_address && (spec.flags & HAWSER_SPEC_ADDRESS) != 0);
        if ((spec.flags & HAWSER_SPEC_REQUIRED) != 0 && !is_given) {
            problems.error(position, pointer,
                           std::string(view(descriptor.id)) + " needs the property " + std::string(view(spec.name)) +
                               ", here or in its send handler");
        }
    }
}

void check_plugin_rules(const component_catalogue& catalogue, const hawser_descriptor& descriptor,
                        const typed_properties& properties, const source_position& position, const std::string& pointer,
                        diagnostics& problems) {
    const std::string id(view(descriptor.id));
    catalogue.validate(descriptor.kind, id, properties,
                       [&](bool is_error, const std::string& at, const std::string& text) {
                           const auto property = properties.find(at.empty() ? at : at.substr(1));
                           const bool is_written = property != properties.end() && property->second.position.line != 0;
                           problems.add({is_error ? severity::error : severity::warning,
                                         is_written ? property->second.position : position,
                                         is_written ? property->second.pointer : pointer + at, text, ""});
                       });
}

}  // namespace hawser::engine
