// A message in one attempt to deliver it: its properties, parts, bodies and mail header fields. A cheap view, copied freely,
// valid until the delivery ends. Use it on the thread that runs you (execute, compose, a stream's read); adapters only read.
// is_cancelled and on_cancel may be called from any thread. A refused change throws failure with the host's reason.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hawser/sdk/callback.hpp"
#include "hawser/sdk/stream.hpp"

namespace hawser {
inline namespace sdk_1 {

enum class property_type : std::uint32_t {
    string = HAWSER_TYPE_STRING,
    integer = HAWSER_TYPE_INTEGER,
    boolean = HAWSER_TYPE_BOOLEAN,
    date_time = HAWSER_TYPE_DATE_TIME
};

// Who gave a value: one that came with the message is not to be trusted.
enum class property_origin : std::uint32_t {
    message = HAWSER_ORIGIN_MESSAGE,
    bindings = HAWSER_ORIGIN_BINDINGS,
    component = HAWSER_ORIGIN_COMPONENT,
    engine = HAWSER_ORIGIN_ENGINE
};

struct property {
    std::string value;
    property_type type = property_type::string;
    property_origin origin = property_origin::message;
    bool is_promoted = false;
};

struct part {
    std::uint32_t index = 0;
    bool is_body = false;
    std::uint64_t size = 0;   // as stored; a component may have replaced the body since
    std::string name, content_type, charset, file_name;
};

struct message_identity {
    std::uint32_t attempt = 1;
    std::int64_t published_unix_ms = 0;
    std::string message_id, unique_id, port, host_name;
};

inline constexpr std::uint32_t body_part = HAWSER_BODY_PART;
inline constexpr std::uint32_t seal_signed = HAWSER_SEAL_SIGNED;
inline constexpr std::uint32_t seal_encrypted = HAWSER_SEAL_ENCRYPTED;

// The mail header fields that a composer made, in order. Values are complete: encoded, folded, without the last CRLF.
class mail_headers {
public:
    struct field {
        std::string name, value;
    };

    mail_headers(hawser_message* message, const hawser_mail_headers_api* api) : message_(message), api_(api) {
        if (api_ == nullptr) {
            throw failure(HAWSER_UNSUPPORTED, "this engine has no service " HAWSER_MAIL_HEADERS);
        }
    }
    std::uint32_t count() const noexcept { return api_->count(message_); }
    field at(std::uint32_t index) const {
        hawser_string name{}, value{};
        detail::check(api_->at(message_, index, &name, &value), {}, "reading a mail header field");
        return {std::string(from_abi(name)), std::string(from_abi(value))};
    }
    void append(std::string_view name, std::string_view value) {
        const detail::error_receiver said;
        detail::check(api_->append(message_, to_abi(name), to_abi(value), said.abi()), said, "adding a mail header field");
    }
    void set(std::uint32_t index, std::string_view value) {
        const detail::error_receiver said;
        detail::check(api_->set(message_, index, to_abi(value), said.abi()), said, "changing a mail header field");
    }
    void remove(std::uint32_t index) { detail::check(api_->remove(message_, index), {}, "removing a mail header field"); }

private:
    hawser_message* message_;
    const hawser_mail_headers_api* api_;
};

class message {
public:
    message(hawser_message* handle, const hawser_message_api* api, const hawser_mail_headers_api* headers)
        : handle_(handle), api_(api), headers_(headers) {
        if (handle_ == nullptr || api_ == nullptr) {
            throw failure(HAWSER_UNSUPPORTED, "this engine has no service " HAWSER_MESSAGE);
        }
    }
    hawser_message* abi() const noexcept { return handle_; }

    // ---- Context properties: "SMTP.Subject" ----
    std::optional<property> find(std::string_view name) const {
        hawser_property raw = empty_property();
        return api_->get_property(handle_, to_abi(name), &raw) < 0 ? std::nullopt : std::optional(to_property(raw));
    }
    std::optional<std::string> get(std::string_view name) const {
        hawser_property raw = empty_property();
        const hawser_status status = api_->get_property(handle_, to_abi(name), &raw);
        return status < 0 ? std::nullopt : std::optional(std::string(from_abi(raw.value)));
    }
    std::string get_or(std::string_view name, std::string_view fallback) const {
        return get(name).value_or(std::string(fallback));
    }
    // Absent gives nullopt; a value that is no number or boolean throws.
    std::optional<std::int64_t> get_integer(std::string_view name) const { return parsed(name, &parse_integer, "a number"); }
    std::optional<bool> get_boolean(std::string_view name) const { return parsed(name, &parse_boolean, "true or false"); }

    void set(std::string_view name, std::string_view value, property_type type = property_type::string) {
        write(name, value, type, 0);
    }
    void set_integer(std::string_view name, std::int64_t value) { set(name, std::to_string(value), property_type::integer); }
    template <std::same_as<bool> Boolean>   // nothing converts to it by accident
    void set_boolean(std::string_view name, Boolean value) {
        set(name, value ? "true" : "false", property_type::boolean);
    }
    // As set, and filters can route on it: at most 255 bytes.
    void promote(std::string_view name, std::string_view value, property_type type = property_type::string) {
        write(name, value, type, HAWSER_PROPERTY_PROMOTED);
    }
    void erase(std::string_view name) { detail::check(api_->erase_property(handle_, to_abi(name)), {}, "erasing a property"); }

    std::vector<std::pair<std::string, property>> properties() const {
        std::vector<std::pair<std::string, property>> all;
        const std::uint32_t count = api_->property_count(handle_);
        for (std::uint32_t i = 0; i < count; ++i) {
            hawser_string name{};
            hawser_property raw = empty_property();
            if (api_->property_at(handle_, i, &name, &raw) == HAWSER_OK) {
                all.emplace_back(std::string(from_abi(name)), to_property(raw));
            }
        }
        return all;
    }

    // ---- Parts and bodies ----
    std::uint32_t part_count() const noexcept { return api_->part_count(handle_); }
    part part_at(std::uint32_t index) const {
        hawser_part raw{};
        raw.struct_size = sizeof raw;
        detail::check(api_->part_at(handle_, index, &raw), {}, "looking at a message part");
        return {index, raw.is_body != 0, raw.size, std::string(from_abi(raw.name)), std::string(from_abi(raw.content_type)),
                std::string(from_abi(raw.charset)), std::string(from_abi(raw.file_name))};
    }
    std::vector<part> parts() const {
        std::vector<part> all;
        for (std::uint32_t i = 0; i < part_count(); ++i) {
            all.push_back(part_at(i));
        }
        return all;
    }
    std::optional<property> part_property(std::uint32_t index, std::string_view name) const {
        hawser_property raw = empty_property();
        const hawser_status status = api_->part_property(handle_, index, to_abi(name), &raw);
        return status < 0 ? std::nullopt : std::optional(to_property(raw));
    }

    // Moves the body out; once only, until something is put in its place.
    body_stream take_body(std::uint32_t part_index = body_part) {
        const detail::error_receiver said;
        hawser_stream raw{};
        detail::check(api_->take_body(handle_, part_index, &raw, said.abi()), said, "taking a body");
        return body_stream(raw);
    }
    void put_body(body_stream body, std::uint32_t part_index = body_part) {
        const detail::error_receiver said;
        const hawser_stream raw = body.release();
        if (const hawser_status status = api_->put_body(handle_, part_index, &raw, said.abi()); status < 0) {
            body = body_stream(raw);   // it stayed ours: closed here
            detail::check(status, said, "putting a body");
        }
    }
    // Puts a filter around the body; it runs while the body is read.
    template <body_filter Filter>
    void filter_body(Filter filter, std::uint32_t part_index = body_part) {
        put_body(make_filter_stream(take_body(part_index), std::move(filter)), part_index);
    }
    // What the new body is (seal_signed | seal_encrypted). Call it after put_body.
    void report_seal(std::uint32_t seals) { detail::check(api_->report_seal(handle_, seals), {}, "reporting a seal"); }

    // ---- The rest ----
    message_identity identity() const {
        hawser_identity raw{};
        raw.struct_size = sizeof raw;
        detail::check(api_->identity(handle_, &raw), {}, "reading a message's identity");
        return {raw.attempt, raw.published_unix_ms, std::string(from_abi(raw.message_id)), std::string(from_abi(raw.unique_id)),
                std::string(from_abi(raw.port)), std::string(from_abi(raw.host_name))};
    }
    sdk_1::mail_headers mail_headers() const { return {handle_, headers_}; }
    bool is_cancelled() const noexcept { return api_->is_cancelled(handle_) != 0; }

    // Runs at most once, on any thread, at once where it is cancelled already. Keep the registration as long as what the
    // callback uses (in your stream_source or filter), and no longer than the message.
    [[nodiscard]] cancel_registration on_cancel(std::function<void()> callback) {
        const std::uintptr_t id = detail::callback_table::instance().add(std::move(callback));
        cancel_registration registration(id);
        api_->on_cancel(handle_, &detail::callback_table::run, detail::to_user(id));
        return registration;
    }

private:
    static hawser_property empty_property() noexcept {
        hawser_property raw{};
        raw.struct_size = sizeof raw;
        return raw;
    }
    static property to_property(const hawser_property& raw) {
        return {std::string(from_abi(raw.value)), static_cast<property_type>(raw.type), static_cast<property_origin>(raw.origin),
                (raw.flags & HAWSER_PROPERTY_PROMOTED) != 0};
    }
    void write(std::string_view name, std::string_view value, property_type type, std::uint32_t flags) {
        hawser_property raw = empty_property();
        raw.type = static_cast<std::uint32_t>(type);
        raw.flags = flags;
        raw.value = to_abi(value);
        const detail::error_receiver said;
        const hawser_status status = api_->set_property(handle_, to_abi(name), &raw, said.abi());
        detail::check(status, said, "setting the property " + std::string(name));
    }
    template <typename Value>
    std::optional<Value> parsed(std::string_view name, std::optional<Value> (*parse)(std::string_view) noexcept,
                                const char* expected) const {
        const std::optional<std::string> text = get(name);
        if (!text || text->empty()) {
            return std::nullopt;
        }
        const std::optional<Value> value = parse(*text);
        if (!value) {
            throw failure("the property " + std::string(name) + " must be " + expected);
        }
        return value;
    }

    hawser_message* handle_;
    const hawser_message_api* api_;
    const hawser_mail_headers_api* headers_;
};

}  // namespace sdk_1
}  // namespace hawser
