// Validated configuration of one instance, and the sink for what is wrong with it. The host has already checked every value
// against the spec, filled in defaults and resolved secrets. Valid during the constructor or validate that gets it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hawser/sdk/host.hpp"

namespace hawser {
inline namespace sdk_1 {

// Values by RFC 6901 JSON pointer: "/Subject", "/Attachments/0".
class config {
public:
    config(const hawser_config* raw, const host& from) : raw_(raw), api_(from.config_api()) {
        if (api_ == nullptr) {
            throw failure(HAWSER_UNSUPPORTED, "this engine has no service " HAWSER_CONFIG);
        }
    }

    std::optional<std::string> find(std::string_view pointer) const {
        hawser_string value{};
        const hawser_status status = api_->get(raw_, to_abi(pointer), &value);
        if (status == HAWSER_NOT_FOUND) {
            return std::nullopt;
        }
        if (status < 0) {
            throw failure(status, "the configuration value " + std::string(pointer) + " could not be read");
        }
        return std::string(from_abi(value));
    }
    bool has(std::string_view pointer) const { return find(pointer).has_value(); }

    // Each gives the fallback where there is neither a value nor a default in the spec.
    std::string string(std::string_view pointer, std::string_view fallback = {}) const {
        return find(pointer).value_or(std::string(fallback));
    }
    std::int64_t integer(std::string_view pointer, std::int64_t fallback = 0) const {
        return parsed(pointer, fallback, &parse_integer, "a number");
    }
    bool boolean(std::string_view pointer, bool fallback = false) const {
        return parsed(pointer, fallback, &parse_boolean, "true or false");
    }
    // The word of an enumeration, whichever of word and number was written. `words` as in the spec: "none=0|basic=1".
    std::string enumeration(std::string_view pointer, std::string_view words, std::string_view fallback = {}) const {
        const std::optional<std::string> text = find(pointer);
        if (!text) {
            return std::string(fallback);
        }
        const auto word = find_word(words, *text);
        if (!word) {
            throw failure(HAWSER_BAD_CONFIG, std::string(pointer) + ": must be one of " + std::string(words));
        }
        return std::string(*word);
    }
    std::vector<std::string> list(std::string_view pointer) const {
        std::vector<std::string> values;
        const std::uint32_t count = api_->count(raw_, to_abi(pointer));
        for (std::uint32_t i = 0; i < count; ++i) {
            values.push_back(string(std::string(pointer) + "/" + std::to_string(i)));
        }
        return values;
    }

private:
    template <typename Value>
    Value parsed(std::string_view pointer, Value fallback, std::optional<Value> (*parse)(std::string_view) noexcept,
                 const char* expected) const {
        const std::optional<std::string> text = find(pointer);
        if (!text) {
            return fallback;
        }
        const std::optional<Value> value = parse(*text);
        if (!value) {
            throw failure(HAWSER_BAD_CONFIG, std::string(pointer) + ": must be " + expected);
        }
        return *value;
    }

    const hawser_config* raw_;
    const hawser_config_api* api_;
};

// What a class's validate finds wrong: all of it, not only the first. pointer is relative to the configuration.
class problems {
public:
    explicit problems(const hawser_problem_sink* sink) noexcept : sink_(sink) {}
    void error(std::string_view pointer, std::string_view text) { add(1, pointer, text); }
    void warning(std::string_view pointer, std::string_view text) { add(2, pointer, text); }

private:
    void add(std::uint32_t severity, std::string_view pointer, std::string_view text) {
        if (sink_ != nullptr && sink_->add != nullptr) {
            sink_->add(sink_->self, severity, to_abi(pointer), to_abi(text));
        }
    }
    const hawser_problem_sink* sink_;
};

}  // namespace sdk_1
}  // namespace hawser
