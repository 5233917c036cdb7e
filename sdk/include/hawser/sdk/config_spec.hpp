// The properties of a component or adapter: names, types, texts, defaults and ranges. From this one description the host
// validates bindings, fills defaults, resolves secrets, and makes help, docs and the JSON Schema.
// Build it in a static spec() function; a modifier (required(), secret(), …) is about the property added last.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hawser/sdk/error.hpp"

namespace hawser {
inline namespace sdk_1 {

class config_spec {
public:
    using text_default = std::optional<std::string_view>;

    config_spec& string(std::string_view name, std::string_view text, text_default value = std::nullopt) {
        return add(HAWSER_TYPE_STRING, name, text, value);
    }
    config_spec& integer(std::string_view name, std::string_view text, std::optional<std::int64_t> value = std::nullopt) {
        const std::string decimal = value ? std::to_string(*value) : std::string();
        return add(HAWSER_TYPE_INTEGER, name, text, value ? text_default(decimal) : std::nullopt);
    }
    config_spec& boolean(std::string_view name, std::string_view text, std::optional<bool> value = std::nullopt) {
        return add(HAWSER_TYPE_BOOLEAN, name, text, value ? text_default(*value ? "true" : "false") : std::nullopt);
    }
    config_spec& date_time(std::string_view name, std::string_view text, text_default value = std::nullopt) {
        return add(HAWSER_TYPE_DATE_TIME, name, text, value);
    }
    // words: "none=0|basic=1", or "keep|fail" where there are no numbers.
    config_spec& enumeration(std::string_view name, std::string_view text, std::string_view words,
                             text_default value = std::nullopt) {
        if (value && !find_word(words, *value)) {
            throw failure(HAWSER_MISUSE, std::string(name) + ": the default is none of its words");
        }
        add(HAWSER_TYPE_ENUMERATION, name, text, value);
        properties_.back().words = words;
        return *this;
    }
    config_spec& list(std::string_view name, std::string_view text) { return add(HAWSER_TYPE_STRING_LIST, name, text, {}); }

    config_spec& required() { return flag(HAWSER_SPEC_REQUIRED); }              // handler, port or message must give it
    config_spec& secret() { return flag(HAWSER_SPEC_SECRET); }                  // never logged, shown, stored or in a context
    config_spec& handler_only() { return flag(HAWSER_SPEC_HANDLER_ONLY); }      // not settable on a port
    config_spec& context_only() { return flag(HAWSER_SPEC_CONTEXT_ONLY); }      // not settable in bindings
    config_spec& guards_secrets() { return flag(HAWSER_SPEC_GUARDS_SECRETS); }  // secrets are bound to its configured value
    config_spec& address() { return flag(HAWSER_SPEC_ADDRESS); }                // the port's address may give it
    // Of an integer, or of a string's length in bytes.
    config_spec& range(std::int64_t minimum, std::int64_t maximum) {
        if (minimum > maximum) {
            throw failure(HAWSER_MISUSE, last().name + ": the range's minimum is greater than its maximum");
        }
        last().minimum = minimum;
        last().maximum = maximum;
        return *this;
    }
    config_spec& since(std::uint32_t minor) {   // the plugin's minor version that brought it
        last().since_minor = minor;
        return *this;
    }

    // The C form. Its strings are this object's: keep it as long as they are used.
    std::deque<hawser_property_spec> to_abi() const {
        std::deque<hawser_property_spec> all;
        for (const one_property& one : properties_) {
            hawser_property_spec raw{};
            raw.struct_size = sizeof raw;
            raw.type = one.type;
            raw.flags = one.flags;
            raw.since_minor = one.since_minor;
            raw.minimum = one.minimum;
            raw.maximum = one.maximum;
            raw.name = sdk_1::to_abi(one.name);
            raw.text = sdk_1::to_abi(one.text);
            raw.default_value = one.default_value ? sdk_1::to_abi(*one.default_value) : hawser_string{};
            raw.words = sdk_1::to_abi(one.words);
            all.push_back(raw);
        }
        return all;
    }

private:
    struct one_property {
        std::uint32_t type = 0, flags = 0, since_minor = 0;
        std::int64_t minimum = 0, maximum = 0;
        std::string name, text, words;
        std::optional<std::string> default_value;
    };

    config_spec& add(std::uint32_t type, std::string_view name, std::string_view text, text_default value) {
        for (const one_property& other : properties_) {
            if (other.name == name) {
                throw failure(HAWSER_MISUSE, "the property " + other.name + " is described twice");
            }
        }
        one_property& one = properties_.emplace_back();
        one.type = type;
        one.name = name;
        one.text = text;
        if (value) {
            one.default_value.emplace(*value);
        }
        return *this;
    }
    config_spec& flag(std::uint32_t bit) {
        last().flags |= bit;
        return *this;
    }
    one_property& last() {
        if (properties_.empty()) {
            throw failure(HAWSER_MISUSE, "a config_spec modifier stands before the first property");
        }
        return properties_.back();
    }

    std::vector<one_property> properties_;
};

}  // namespace sdk_1
}  // namespace hawser
