// hawser.message/1 and hawser.mail-headers/1 over working_message.
#include <algorithm>
#include <cctype>

#include "plugins/bridge/guard.hpp"
#include "plugins/bridge/service_tables.hpp"
#include "plugins/bridge/working_message.hpp"

namespace hawser::engine {
namespace {

hawser_property property_to_abi(const context_property& property) {
    hawser_property out{};
    out.type = static_cast<std::uint32_t>(property.type);
    out.flags = property.is_promoted ? HAWSER_PROPERTY_PROMOTED : 0;
    out.origin = static_cast<std::uint32_t>(property.origin);
    out.value = to_abi(property.value);
    return out;
}

hawser_status give_property(const message_context& context, hawser_string name, hawser_property* out) {
    const context_property* property = context.find(from_abi(name));
    if (property == nullptr) {
        return HAWSER_NOT_FOUND;
    }
    return fill(out, property_to_abi(*property)) ? HAWSER_OK : HAWSER_MISUSE;
}

hawser_status get_property(const hawser_message* m, hawser_string name, hawser_property* out) noexcept {
    return give_property(working_message::from(m).context(), name, out);
}

hawser_status set_property(hawser_message* m, hawser_string name, const hawser_property* value,
                           const hawser_error* error) noexcept {
    return guard(error, [&] {
        if (value == nullptr || value->struct_size < sizeof(hawser_property) || value->type < HAWSER_TYPE_STRING ||
            value->type > HAWSER_TYPE_DATE_TIME) {
            return report(error, HAWSER_MISUSE, "set_property: the value's struct_size or type is wrong");
        }
        const result<void> done = working_message::from(m).set_property(
            from_abi(name), {.value = std::string(from_abi(value->value)),
                             .type = static_cast<property_type>(value->type),
                             .is_promoted = (value->flags & HAWSER_PROPERTY_PROMOTED) != 0});
        return done ? HAWSER_OK : report(error, HAWSER_FAILED, done.error().text);
    });
}

hawser_status erase_property(hawser_message* m, hawser_string name) noexcept {
    return guard(nullptr,
                 [&] { return working_message::from(m).erase_property(from_abi(name)) ? HAWSER_OK : HAWSER_FAILED; });
}

std::uint32_t property_count(const hawser_message* m) noexcept {
    return static_cast<std::uint32_t>(working_message::from(m).context().size());
}

hawser_status property_at(const hawser_message* m, std::uint32_t index, hawser_string* name,
                          hawser_property* out) noexcept {
    const message_context::map_type::value_type* entry = nullptr;
    std::uint32_t position = 0;
    working_message::from(m).context().for_each(
        [&](const message_context::map_type::value_type& one) { entry = position++ == index ? &one : entry; });
    if (entry == nullptr) {
        return HAWSER_NOT_FOUND;
    }
    *name = to_abi(entry->first);
    return fill(out, property_to_abi(entry->second)) ? HAWSER_OK : HAWSER_MISUSE;
}

std::uint32_t part_count(const hawser_message* m) noexcept {
    return static_cast<std::uint32_t>(working_message::from(m).parts().size());
}

hawser_status part_at(const hawser_message* m, std::uint32_t index, hawser_part* out) noexcept {
    const auto& parts = working_message::from(m).parts();
    if (index >= parts.size()) {
        return HAWSER_NOT_FOUND;
    }
    const part_info& part = parts[index];
    hawser_part filled{};
    filled.is_body = part.is_body ? 1 : 0;
    filled.size = part.size;
    filled.name = to_abi(part.name);
    filled.content_type = to_abi(part.content_type);
    filled.charset = to_abi(part.charset);
    filled.file_name = to_abi(part.file_name);
    return fill(out, filled) ? HAWSER_OK : HAWSER_MISUSE;
}

hawser_status part_property(const hawser_message* m, std::uint32_t index, hawser_string name,
                            hawser_property* out) noexcept {
    const auto& parts = working_message::from(m).parts();
    return index >= parts.size() ? HAWSER_NOT_FOUND : give_property(parts[index].properties, name, out);
}

hawser_status take_body(hawser_message* m, std::uint32_t part_index, hawser_stream* out,
                        const hawser_error* error) noexcept {
    return guard(error, [&] {
        result<hawser_stream> taken = working_message::from(m).take_body(part_index);
        if (!taken) {
            return report(error, taken.error().code == "message.no-part" ? HAWSER_NOT_FOUND : HAWSER_MISUSE,
                          taken.error().text);
        }
        *out = *taken;
        return HAWSER_OK;
    });
}

hawser_status put_body(hawser_message* m, std::uint32_t part_index, const hawser_stream* in,
                       const hawser_error* error) noexcept {
    return guard(error, [&] {
        const result<void> put = working_message::from(m).put_body(part_index, *in);
        return put ? HAWSER_OK : report(error, HAWSER_MISUSE, put.error().text);
    });
}

hawser_status identity(const hawser_message* m, hawser_identity* out) noexcept {
    const working_message& message = working_message::from(m);
    hawser_identity filled{};
    filled.attempt = message.who().attempt;
    filled.published_unix_ms = message.who().published_unix_ms;
    filled.begin_before_unix_ms = message.who().begin_before_unix_ms;
    filled.message_id = to_abi(message.who().message_id);
    filled.unique_id = to_abi(message.who().unique_id);
    filled.port = to_abi(message.environment().port);
    filled.host_name = to_abi(message.environment().host_name);
    return fill(out, filled) ? HAWSER_OK : HAWSER_MISUSE;
}

hawser_status report_seal(hawser_message* m, std::uint32_t seals) noexcept {
    return guard(nullptr, [&] { return working_message::from(m).report_seal(seals) ? HAWSER_OK : HAWSER_MISUSE; });
}

std::int32_t is_cancelled(const hawser_message* m) noexcept {
    return working_message::from(m).cancel_state().is_cancelled() ? 1 : 0;
}

void on_cancel(hawser_message* m, hawser_callback callback, void* user) noexcept {
    working_message::from(m).cancel_state().on_cancel(callback, user);
}

// ---- Mail header fields ----

bool is_field_name(std::string_view name) {  // RFC 5322 section 2.2: printable, no colon
    return !name.empty() && name.size() <= 76 &&
           std::all_of(name.begin(), name.end(), [](char c) { return c > 32 && c < 127 && c != ':'; });
}

bool equals_ignoring_case(std::string_view left, std::string_view right) {
    return left.size() == right.size() && std::equal(left.begin(), left.end(), right.begin(), [](char a, char b) {
               return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
           });
}

bool belongs_to_entity(std::string_view name) {
    return equals_ignoring_case(name, "MIME-Version") || equals_ignoring_case(name.substr(0, 8), "Content-");
}

// Folded lines only: a CRLF must be followed by white space and then something, and no other control may stand in a
// value.
bool is_field_value(std::string_view value) {
    if (value.size() > mail_header_value_size_max) {
        return false;
    }
    for (std::size_t i = 0; i < value.size(); ++i) {
        const auto byte = static_cast<unsigned char>(value[i]);
        if (byte == '\r') {
            const bool is_fold = i + 3 < value.size() && value[i + 1] == '\n' &&
                                 (value[i + 2] == ' ' || value[i + 2] == '\t') && value[i + 3] != '\r';
            if (!is_fold) {
                return false;
            }
            ++i;
        } else if ((byte < 32 && byte != '\t') || byte == 127) {
            return false;
        }
    }
    return true;
}

std::uint32_t header_count(const hawser_message* m) noexcept {
    return static_cast<std::uint32_t>(working_message::from(m).mail_headers().size());
}

hawser_status header_at(const hawser_message* m, std::uint32_t index, hawser_string* name,
                        hawser_string* value) noexcept {
    const auto& fields = working_message::from(m).mail_headers();
    if (index >= fields.size()) {
        return HAWSER_NOT_FOUND;
    }
    *name = to_abi(fields[index].name);
    *value = to_abi(fields[index].value);
    return HAWSER_OK;
}

hawser_status header_append(hawser_message* m, hawser_string name, hawser_string value,
                            const hawser_error* error) noexcept {
    return guard(error, [&] {
        auto& fields = working_message::from(m).mail_headers();
        if (!is_field_name(from_abi(name)) || belongs_to_entity(from_abi(name)) || !is_field_value(from_abi(value)) ||
            fields.size() >= mail_header_count_max) {
            return report(error, HAWSER_FAILED,
                          "a mail header field was refused: its name, a control character or a limit");
        }
        fields.push_back({std::string(from_abi(name)), std::string(from_abi(value))});
        return HAWSER_OK;
    });
}

hawser_status header_set(hawser_message* m, std::uint32_t index, hawser_string value,
                         const hawser_error* error) noexcept {
    return guard(error, [&] {
        auto& fields = working_message::from(m).mail_headers();
        if (index >= fields.size()) {
            return HAWSER_NOT_FOUND;
        }
        if (!is_field_value(from_abi(value))) {
            return report(error, HAWSER_FAILED,
                          "a mail header field's value was refused: a control character or its size");
        }
        fields[index].value = from_abi(value);
        return HAWSER_OK;
    });
}

hawser_status header_remove(hawser_message* m, std::uint32_t index) noexcept {
    auto& fields = working_message::from(m).mail_headers();
    if (index >= fields.size()) {
        return HAWSER_NOT_FOUND;
    }
    fields.erase(fields.begin() + static_cast<std::ptrdiff_t>(index));
    return HAWSER_OK;
}

constexpr hawser_message_api message_table{sizeof(hawser_message_api),
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
constexpr hawser_mail_headers_api mail_headers_table{
    sizeof(hawser_mail_headers_api), 0, &header_count, &header_at, &header_append, &header_set, &header_remove};

}  // namespace

const void* message_service_table() noexcept { return &message_table; }
const void* mail_headers_service_table() noexcept { return &mail_headers_table; }

}  // namespace hawser::engine
