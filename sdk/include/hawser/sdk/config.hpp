// Configuration: config_spec declares an instance's properties, config reads their validated values.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hawser/sdk/error.hpp"

namespace hawser {
inline namespace sdk_1 {

// What abi.h says of a property's flags, as named values for the builder.
enum class property_flag : std::uint32_t {
    required = HAWSER_SPEC_REQUIRED,
    secret = HAWSER_SPEC_SECRET,
    handler_only = HAWSER_SPEC_HANDLER_ONLY,
    context_only = HAWSER_SPEC_CONTEXT_ONLY,
    guards_secrets = HAWSER_SPEC_GUARDS_SECRETS,
    address = HAWSER_SPEC_ADDRESS,
    recipients = HAWSER_SPEC_RECIPIENTS,
    needs_composer = HAWSER_SPEC_NEEDS_COMPOSER,
    without_composer = HAWSER_SPEC_WITHOUT_COMPOSER,
    own_recipient = HAWSER_SPEC_OWN_RECIPIENT,
};

class config_spec {
public:
    config_spec& string(const char* name, const char* text, const char* default_value = nullptr) {
        return add(HAWSER_TYPE_STRING, name, text, default_value);
    }
    config_spec& integer(const char* name, const char* text, std::int64_t minimum, std::int64_t maximum,
                         const char* default_value = nullptr) {
        return add(HAWSER_TYPE_INTEGER, name, text, default_value, minimum, maximum);
    }
    config_spec& boolean(const char* name, const char* text, const char* default_value = nullptr) {
        return add(HAWSER_TYPE_BOOLEAN, name, text, default_value);
    }
    // words: "none=0|basic=1", a word and the number that may stand for it
    config_spec& enumeration(const char* name, const char* text, const char* words,
                             const char* default_value = nullptr) {
        add(HAWSER_TYPE_ENUMERATION, name, text, default_value);
        specs_.back().words = detail::to_abi(words);
        return *this;
    }
    config_spec& string_list(const char* name, const char* text) {
        return add(HAWSER_TYPE_STRING_LIST, name, text, nullptr);
    }
    config_spec& date_time(const char* name, const char* text) {
        return add(HAWSER_TYPE_DATE_TIME, name, text, nullptr);
    }

    // Of the property that was added last.
    config_spec& with(property_flag flag) {
        specs_.back().flags |= static_cast<std::uint32_t>(flag);
        return *this;
    }
    config_spec& size_max(std::int64_t bytes) {
        specs_.back().maximum = bytes;
        return *this;
    }

    const std::vector<hawser_property_spec>& specs() const noexcept { return specs_; }

private:
    // The texts are string literals: they live as long as the plugin.
    config_spec& add(std::uint32_t type, const char* name, const char* text, const char* default_value,
                     std::int64_t minimum = 0, std::int64_t maximum = 0) {
        hawser_property_spec one{};
        one.struct_size = sizeof one;
        one.type = type;
        one.minimum = minimum;
        one.maximum = maximum;
        one.name = detail::to_abi(name);
        one.text = detail::to_abi(text);
        one.default_value = default_value == nullptr ? hawser_string{nullptr, 0} : detail::to_abi(default_value);
        specs_.push_back(one);
        return *this;
    }
    std::vector<hawser_property_spec> specs_;
};

// Values by JSON pointer ("/Subject"), checked against the spec, defaults applied, secrets resolved.
class config {
public:
    config(const hawser_config* values, const hawser_config_api* api) : values_(values), api_(api) {}

    bool has(std::string_view pointer) const {
        hawser_string out{};
        return api_->get(values_, detail::to_abi(pointer), &out) >= 0;
    }
    std::string string(std::string_view pointer) const {  // "" where there is neither value nor default
        hawser_string out{};
        return api_->get(values_, detail::to_abi(pointer), &out) < 0 ? std::string{}
                                                                     : std::string(detail::from_abi(out));
    }
    std::int64_t integer(std::string_view pointer, std::int64_t otherwise = 0) const {
        const std::string text = string(pointer);
        return text.empty() ? otherwise : std::stoll(text);
    }
    bool boolean(std::string_view pointer) const { return string(pointer) == "true"; }
    std::vector<std::string> list(std::string_view pointer) const {
        std::vector<std::string> values;
        const std::uint32_t count = api_->count(values_, detail::to_abi(pointer));
        for (std::uint32_t i = 0; i < count; ++i) {
            values.push_back(string(std::string(pointer) + '/' + std::to_string(i)));
        }
        return values;
    }

private:
    const hawser_config* values_;
    const hawser_config_api* api_;
};

// Takes what a validate() function finds wrong; pointers are those of config.
class problems {
public:
    explicit problems(const hawser_problem_sink* sink) : sink_(sink) {}
    void error(std::string_view pointer, std::string_view text) {
        sink_->add(sink_->self, 1, detail::to_abi(pointer), detail::to_abi(text));
    }
    void warning(std::string_view pointer, std::string_view text) {
        sink_->add(sink_->self, 2, detail::to_abi(pointer), detail::to_abi(text));
    }

private:
    const hawser_problem_sink* sink_;
};

}  // namespace sdk_1
}  // namespace hawser
