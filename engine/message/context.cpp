#include "message/context.hpp"

#include <algorithm>
#include <charconv>

#include "message/codec.hpp"
#include "message/date_time.hpp"

namespace hawser::engine {
namespace {

constexpr std::uint8_t context_format = 1;

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
}

bool is_property_name(std::string_view name) {
    const std::size_t dot = name.find('.');
    return name.size() <= property_name_size_max && dot != std::string_view::npos && dot > 0 && dot + 1 < name.size() &&
           std::all_of(name.begin(), name.end(), is_name_character);
}

bool is_integer(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    return failure == std::errc{} && end == text.data() + text.size();
}

bool fits_type(const context_property& property) {
    switch (property.type) {
    case property_type::string: return true;
    case property_type::integer: return is_integer(property.value);
    case property_type::boolean: return property.value == "true" || property.value == "false";
    case property_type::date_time: return is_date_time(property.value);
    }
    return false;
}

const char* hint_of(property_type type) {
    switch (type) {
    case property_type::string: return "";
    case property_type::integer: return ": write a whole number of 64 bits, like 42";
    case property_type::boolean: return ": write true or false";
    case property_type::date_time: return ": write it with its zone, like 2026-11-24T08:00:00Z or …+01:00";
    }
    return "";
}

}  // namespace

std::string_view name_of(property_type type) noexcept {
    switch (type) {
    case property_type::string: return "string";
    case property_type::integer: return "int";
    case property_type::boolean: return "bool";
    case property_type::date_time: return "dateTime";
    }
    return "string";
}

const context_property* message_context::find(std::string_view name) const {
    if (const auto found = properties_.find(name); found != properties_.end()) {
        return &found->second;
    }
    if (!shared_) {
        return nullptr;
    }
    const auto found = shared_->find(name);
    return found == shared_->end() ? nullptr : &found->second;
}

std::string message_context::text_or(std::string_view name, std::string_view fallback) const {
    const context_property* property = find(name);
    return property == nullptr ? std::string(fallback) : property->value;
}

result<void> message_context::set(std::string_view name, context_property property) {
    if (!is_property_name(name)) {
        return fail("context.name",
                    "\"" + std::string(name.substr(0, 64)) +
                        "\" is no property name: it must be Namespace.Name of letters, digits, '_' and '-'");
    }
    if (property.value.size() > property_value_size_max) {
        return fail("context.size", "the value of " + std::string(name) + " is larger than 1 MiB");
    }
    if (property.is_promoted && property.value.size() > promoted_value_size_max) {
        return fail("context.promoted-size",
                    "the promoted value of " + std::string(name) + " is longer than 255 bytes");
    }
    if (!fits_type(property)) {
        return fail("context.type", "the value of " + std::string(name) + " is no " +
                                        std::string(name_of(property.type)) + hint_of(property.type));
    }
    const auto found = properties_.find(name);
    if (found != properties_.end()) {
        found->second = std::move(property);
        return {};
    }
    if (properties_.size() + (shared_ ? shared_->size() : 0) >= property_count_max) {
        return fail("context.count", "a message has at most 1000 context properties");
    }
    properties_.emplace(std::string(name), std::move(property));
    return {};
}

void message_context::lay_over(const shared_properties& shared) {
    std::erase_if(properties_, [&](const auto& own) { return shared->contains(own.first); });
    shared_ = shared;
}

const message_context::map_type& message_context::nothing_shared() {
    static const map_type nothing;
    return nothing;
}

std::size_t message_context::size() const {
    std::size_t count = 0;
    for_each([&count](const auto&) { ++count; });
    return count;
}

message_context::map_type message_context::all() const {
    map_type merged = properties_;
    if (shared_) {
        merged.insert(shared_->begin(), shared_->end());
    }
    return merged;
}

void message_context::erase(std::string_view name) {
    if (shared_ && shared_->contains(name)) {  // what is shared stays as it is for the others
        properties_ = all();
        shared_.reset();
    }
    const auto found = properties_.find(name);
    if (found != properties_.end()) {
        properties_.erase(found);
    }
}

std::string message_context::encode() const {
    byte_encoder out;
    out.u8(context_format);
    out.u32(static_cast<std::uint32_t>(size()));
    for_each([&out](const map_type::value_type& entry) {
        const auto& [name, property] = entry;
        out.text(name);
        out.u8(static_cast<std::uint8_t>(property.type));
        out.u8(static_cast<std::uint8_t>(property.origin));
        out.u8(property.is_promoted ? 1 : 0);
        out.text(property.value);
    });
    return out.take();
}

result<message_context> message_context::decode(std::string_view bytes) {
    const auto damaged = [] {
        return fail("context.damaged", "a stored message context cannot be read: the message box is damaged");
    };
    byte_decoder in(bytes);
    message_context context;
    if (in.u8() != context_format) {
        return damaged();
    }
    const std::uint32_t count = in.u32();
    for (std::uint32_t i = 0; i < count && in.is_good(); ++i) {
        const std::string_view name = in.text();
        context_property property;
        const std::uint8_t type = in.u8();
        const std::uint8_t origin = in.u8();
        property.is_promoted = in.u8() != 0;
        property.value = in.text();
        if (type < 1 || type > 4 || origin < 1 || origin > 4) {
            return damaged();
        }
        property.type = static_cast<property_type>(type);
        property.origin = static_cast<property_origin>(origin);
        if (!context.set(name, std::move(property))) {
            return damaged();
        }
    }
    if (!in.is_at_end()) {
        return damaged();
    }
    return context;
}

}  // namespace hawser::engine
