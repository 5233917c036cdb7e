// hawser.message/1 and hawser.mail-headers/1 over test_kit::message. Included by message.hpp.
#pragma once

#include "hawser/test_kit/message.hpp"

namespace hawser::test_kit {

struct message_functions {
    static constexpr std::size_t promoted_value_size_max = 255;

    static hawser_status get_property(const hawser_message* m, hawser_string name, hawser_property* out) noexcept {
        return give(message::from(m).properties, name, out);
    }
    static hawser_status set_property(hawser_message* m, hawser_string name, const hawser_property* value,
                                      const hawser_error* error) noexcept {
        message& one = message::from(m);
        if (value == nullptr || value->struct_size < sizeof(hawser_property) || value->type < HAWSER_TYPE_STRING ||
            value->type > HAWSER_TYPE_DATE_TIME) {
            one.violations.add("set_property was given a bad struct_size or type");
            return detail::report(error, HAWSER_MISUSE, "set_property: the value's struct_size or type is wrong");
        }
        const std::string_view key = detail::from_abi(name);
        const std::string_view text = detail::from_abi(value->value);
        const bool is_promoted = (value->flags & HAWSER_PROPERTY_PROMOTED) != 0;
        if (!one.may_change(key)) {
            return detail::report(error, HAWSER_MISUSE, "an adapter only reads the message");
        }
        if (key.find('.') == 0 || key.find('.') == std::string_view::npos || key.back() == '.') {
            return detail::report(error, HAWSER_FAILED, "a property's name is Namespace.Name");
        }
        if (is_promoted && text.size() > promoted_value_size_max) {
            return detail::report(error, HAWSER_FAILED, "a promoted value is at most 255 bytes");
        }
        one.properties[std::string(key)] = {std::string(text), value->type, HAWSER_ORIGIN_COMPONENT, is_promoted};
        return HAWSER_OK;
    }
    static hawser_status erase_property(hawser_message* m, hawser_string name) noexcept {
        message& one = message::from(m);
        if (!one.may_change(detail::from_abi(name))) {
            return HAWSER_MISUSE;
        }
        one.properties.erase(std::string(detail::from_abi(name)));
        return HAWSER_OK;
    }
    static std::uint32_t property_count(const hawser_message* m) noexcept {
        return static_cast<std::uint32_t>(message::from(m).properties.size());
    }
    static hawser_status property_at(const hawser_message* m, std::uint32_t index, hawser_string* name,
                                     hawser_property* out) noexcept {
        const auto& all = message::from(m).properties;
        if (index >= all.size()) {
            return HAWSER_NOT_FOUND;
        }
        const auto at = std::next(all.begin(), static_cast<std::ptrdiff_t>(index));
        *name = detail::to_abi(at->first);
        return detail::fill(out, detail::to_property(at->second));
    }

    static std::uint32_t part_count(const hawser_message* m) noexcept {
        return static_cast<std::uint32_t>(message::from(m).parts.size());
    }
    static hawser_status part_at(const hawser_message* m, std::uint32_t index, hawser_part* out) noexcept {
        const std::vector<part>& parts = message::from(m).parts;
        if (index >= parts.size()) {
            return HAWSER_NOT_FOUND;
        }
        hawser_part raw{};
        raw.is_body = index == 0 ? 1 : 0;
        raw.size = parts[index].bytes.size();
        raw.name = detail::to_abi(parts[index].name);
        raw.content_type = detail::to_abi(parts[index].content_type);
        raw.charset = detail::to_abi(parts[index].charset);
        raw.file_name = detail::to_abi(parts[index].file_name);
        return detail::fill(out, raw);
    }
    static hawser_status part_property(const hawser_message* m, std::uint32_t index, hawser_string name,
                                       hawser_property* out) noexcept {
        const std::vector<part>& parts = message::from(m).parts;
        return index >= parts.size() ? HAWSER_NOT_FOUND : give(parts[index].properties, name, out);
    }
    static hawser_status take_body(hawser_message* m, std::uint32_t index, hawser_stream* out,
                                   const hawser_error* error) noexcept {
        return static_cast<hawser_status>(sdk_1::detail::guard(error, [&] {
            *out = message::from(m).take(index);
            return HAWSER_OK;
        }));
    }
    static hawser_status put_body(hawser_message* m, std::uint32_t index, const hawser_stream* in,
                                  const hawser_error* error) noexcept {
        return static_cast<hawser_status>(sdk_1::detail::guard(error, [&] {
            if (!message::from(m).may_change("put_body")) {
                throw failure(HAWSER_MISUSE, "an adapter only reads the message");
            }
            message::from(m).put(index, *in);
            return HAWSER_OK;
        }));
    }
    static hawser_status identity(const hawser_message* m, hawser_identity* out) noexcept {
        const message& one = message::from(m);
        hawser_identity raw{};
        raw.attempt = one.attempt;
        raw.published_unix_ms = one.published_unix_ms;
        raw.begin_before_unix_ms = one.begin_before_unix_ms;
        raw.message_id = detail::to_abi(one.message_id);
        raw.unique_id = detail::to_abi(one.unique_id);
        raw.port = detail::to_abi(one.port);
        raw.host_name = detail::to_abi(one.host_name);
        return detail::fill(out, raw);
    }
    static hawser_status report_seal(hawser_message* m, std::uint32_t seals) noexcept {
        message& one = message::from(m);
        if (!one.was_replaced() || (seals & ~(HAWSER_SEAL_SIGNED | HAWSER_SEAL_ENCRYPTED)) != 0) {
            one.violations.add("a seal was reported before put_body, or it is an unknown one");
            return HAWSER_MISUSE;
        }
        one.seals |= seals;
        return HAWSER_OK;
    }
    static std::int32_t is_cancelled(const hawser_message* m) noexcept {
        return message::from(m).cancellation.is_cancelled() ? 1 : 0;
    }
    static void on_cancel(hawser_message* m, hawser_callback callback, void* user) noexcept {
        message::from(m).cancellation.on_cancel(callback, user);
    }

    // ---- Mail header fields ----
    static std::uint32_t header_count(const hawser_message* m) noexcept {
        return static_cast<std::uint32_t>(message::from(m).mail_headers.size());
    }
    static hawser_status header_at(const hawser_message* m, std::uint32_t index, hawser_string* name,
                                   hawser_string* value) noexcept {
        const auto& fields = message::from(m).mail_headers;
        if (index >= fields.size()) {
            return HAWSER_NOT_FOUND;
        }
        *name = detail::to_abi(fields[index].name);
        *value = detail::to_abi(fields[index].value);
        return HAWSER_OK;
    }
    static hawser_status header_append(hawser_message* m, hawser_string name, hawser_string value,
                                       const hawser_error* error) noexcept {
        message& one = message::from(m);
        if (!one.may_change("a mail header field") || !is_field_name(detail::from_abi(name)) ||
            !is_field_value(detail::from_abi(value))) {
            return detail::report(error, HAWSER_FAILED,
                                  "a mail header field was refused: its name or its value is no field");
        }
        one.mail_headers.push_back({std::string(detail::from_abi(name)), std::string(detail::from_abi(value))});
        return HAWSER_OK;
    }
    static hawser_status header_set(hawser_message* m, std::uint32_t index, hawser_string value,
                                    const hawser_error* error) noexcept {
        message& one = message::from(m);
        if (index >= one.mail_headers.size()) {
            return HAWSER_NOT_FOUND;
        }
        if (!one.may_change("a mail header field") || !is_field_value(detail::from_abi(value))) {
            return detail::report(error, HAWSER_FAILED, "a mail header field's value was refused");
        }
        one.mail_headers[index].value = detail::from_abi(value);
        return HAWSER_OK;
    }
    static hawser_status header_remove(hawser_message* m, std::uint32_t index) noexcept {
        message& one = message::from(m);
        if (index >= one.mail_headers.size() || !one.may_change("a mail header field")) {
            return HAWSER_NOT_FOUND;
        }
        one.mail_headers.erase(one.mail_headers.begin() + static_cast<std::ptrdiff_t>(index));
        return HAWSER_OK;
    }

private:
    static hawser_status give(const std::map<std::string, context_value, std::less<>>& from, hawser_string name,
                              hawser_property* out) noexcept {
        const auto found = from.find(detail::from_abi(name));
        return found == from.end() ? HAWSER_NOT_FOUND : detail::fill(out, detail::to_property(found->second));
    }
    static std::string lower(std::string_view text) {
        std::string small(text);
        for (char& c : small) {
            c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        }
        return small;
    }
    static bool is_field_name(
        std::string_view name) {  // RFC 5322 section 2.2; the entity's own fields are not among them
        const std::string small = lower(name);
        return !name.empty() && small != "mime-version" && small.rfind("content-", 0) != 0 &&
               std::all_of(name.begin(), name.end(), [](char c) { return c > 32 && c < 127 && c != ':'; });
    }
    static bool is_field_value(
        std::string_view value) {  // a CRLF only where it folds: white space and more must follow
        for (std::size_t i = 0; i < value.size(); ++i) {
            const auto byte = static_cast<unsigned char>(value[i]);
            if (byte == '\r') {
                if (i + 3 >= value.size() || value[i + 1] != '\n' || (value[i + 2] != ' ' && value[i + 2] != '\t')) {
                    return false;
                }
                ++i;
            } else if ((byte < 32 && byte != '\t') || byte == 127) {
                return false;
            }
        }
        return true;
    }

public:
    static const hawser_message_api* message_table() noexcept {
        static constexpr hawser_message_api table{sizeof(hawser_message_api),
                                                  0,
                                                  &get_property,
                                                  &set_property,
                                                  &erase_property,
                                                  &property_count,
                                                  &property_at,
                                                  &part_count,
                                                  &part_at,
                                                  &part_property,
                                                  &take_body,
                                                  &put_body,
                                                  &identity,
                                                  &report_seal,
                                                  &is_cancelled,
                                                  &on_cancel};
        return &table;
    }
    static const hawser_mail_headers_api* mail_headers_table() noexcept {
        static constexpr hawser_mail_headers_api table{
            sizeof(hawser_mail_headers_api), 0, &header_count, &header_at, &header_append, &header_set, &header_remove};
        return &table;
    }
};

}  // namespace hawser::test_kit
