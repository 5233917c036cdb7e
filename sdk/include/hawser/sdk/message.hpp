// A message in one attempt to deliver it: context, parts, body, mail header fields. A view: it owns nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hawser/sdk/error.hpp"
#include "hawser/sdk/services.hpp"
#include "hawser/sdk/stream.hpp"

namespace hawser {
inline namespace sdk_1 {

enum class property_origin : std::uint32_t {
    none = 0,  // there is no such property
    message = HAWSER_ORIGIN_MESSAGE,
    bindings = HAWSER_ORIGIN_BINDINGS,
    component = HAWSER_ORIGIN_COMPONENT,
    engine = HAWSER_ORIGIN_ENGINE
};
enum class property_kind : std::uint32_t { string = HAWSER_TYPE_STRING, integer, boolean, date_time };

struct message_part {
    std::string name, content_type, charset, file_name;
    std::uint64_t size = 0;
    bool is_body = false;
};

struct message_identity {
    std::string message_id, unique_id, port, host_name;
    std::int64_t published_unix_ms = 0;
    std::uint32_t attempt = 1;
    std::int64_t begin_before_unix_ms = 0;  // 0 = any time; see outcome::is_not_begun
};

struct mail_header {
    std::string name;
    std::string value;
};

class message {
public:
    message(hawser_message* abi, const sdk_1::host& host)
        : abi_(abi), host_(host), api_(host.service<hawser_message_api>(HAWSER_MESSAGE)) {}

    hawser_message* abi() const noexcept { return abi_; }
    const sdk_1::host& host() const noexcept { return host_; }

    std::optional<std::string> get(std::string_view name) const {
        hawser_property property{};
        return find(name, property) ? std::optional(std::string(detail::from_abi(property.value))) : std::nullopt;
    }
    property_origin origin_of(std::string_view name) const {  // who has the last word on it: trust no message's
        hawser_property property{};
        return find(name, property) ? static_cast<property_origin>(property.origin) : property_origin::none;
    }
    std::string get_or(std::string_view name, std::string_view otherwise) const {
        std::optional<std::string> value = get(name);
        return value ? *std::move(value) : std::string(otherwise);
    }
    bool is_true(std::string_view name) const { return get_or(name, "false") == "true"; }
    void set(std::string_view name, std::string_view value, property_kind kind = property_kind::string) {
        put(name, value, kind, 0);
    }
    void promote(std::string_view name, std::string_view value, property_kind kind = property_kind::string) {
        put(name, value, kind, HAWSER_PROPERTY_PROMOTED);
    }
    void erase(std::string_view name) { api_->erase_property(abi_, detail::to_abi(name)); }

    std::vector<message_part> parts() const {
        std::vector<message_part> all;
        const std::uint32_t count = api_->part_count(abi_);
        for (std::uint32_t i = 0; i < count; ++i) {
            hawser_part part{};
            part.struct_size = sizeof part;
            if (api_->part_at(abi_, i, &part) >= 0) {
                all.push_back({std::string(detail::from_abi(part.name)),
                               std::string(detail::from_abi(part.content_type)),
                               std::string(detail::from_abi(part.charset)),
                               std::string(detail::from_abi(part.file_name)), part.size, part.is_body != 0});
            }
        }
        return all;
    }
    std::optional<std::string> part_property(std::uint32_t part, std::string_view name) const {
        hawser_property property{};
        property.struct_size = sizeof property;
        if (api_->part_property(abi_, part, detail::to_abi(name), &property) < 0) {
            return std::nullopt;
        }
        return std::string(detail::from_abi(property.value));
    }

    body_stream take_body(std::uint32_t part = HAWSER_BODY_PART) {
        hawser_stream stream{};
        detail::error_sink error;
        error.check(api_->take_body(abi_, part, &stream, error.abi()), "taking the body");
        return body_stream(stream);
    }
    void put_body(body_stream body, std::uint32_t part = HAWSER_BODY_PART) {
        hawser_stream stream = body.release();
        detail::error_sink error;
        const hawser_status status = api_->put_body(abi_, part, &stream, error.abi());
        if (status < 0) {
            body = body_stream(stream);  // still ours: closed on the way out
        }
        error.check(status, "putting the body");
    }
    // The body passes through the filter when somebody reads it; see filtered_stream.
    template <typename Filter>
    void filter_body(Filter filter) {
        put_body(make_stream(std::make_unique<filtered_stream<Filter>>(take_body(), std::move(filter))));
    }

    message_identity identity() const {
        hawser_identity one{};
        one.struct_size = sizeof one;
        api_->identity(abi_, &one);
        return {std::string(detail::from_abi(one.message_id)),
                std::string(detail::from_abi(one.unique_id)),
                std::string(detail::from_abi(one.port)),
                std::string(detail::from_abi(one.host_name)),
                one.published_unix_ms,
                one.attempt,
                one.begin_before_unix_ms};
    }
    // What the new body is: HAWSER_SEAL_*; after put_body, by a component whose info says that it seals.
    void report_seal(std::uint32_t seals) {
        if (api_->report_seal(abi_, seals) < 0) {
            throw failure(HAWSER_MISUSE, "the host refused the report of a seal");
        }
    }
    bool is_cancelled() const noexcept { return api_->is_cancelled(abi_) != 0; }

    // In their order: visit(std::string_view name, std::string_view value); the views are valid during the call only.
    template <typename Visit>
    void for_each_mail_header(Visit&& visit) const {
        const auto* headers = host_.service<hawser_mail_headers_api>(HAWSER_MAIL_HEADERS);
        const std::uint32_t count = headers->count(abi_);
        for (std::uint32_t i = 0; i < count; ++i) {
            hawser_string name{};
            hawser_string value{};
            if (headers->at(abi_, i, &name, &value) >= 0) {
                visit(detail::from_abi(name), detail::from_abi(value));
            }
        }
    }
    std::vector<mail_header> mail_headers() const {
        std::vector<mail_header> all;
        for_each_mail_header([&all](std::string_view name, std::string_view value) {
            all.push_back({std::string(name), std::string(value)});
        });
        return all;
    }
    void append_mail_header(std::string_view name, std::string_view value) {
        detail::error_sink error;
        error.check(host_.service<hawser_mail_headers_api>(HAWSER_MAIL_HEADERS)
                        ->append(abi_, detail::to_abi(name), detail::to_abi(value), error.abi()),
                    "appending a mail header field");
    }
    void set_mail_header(std::uint32_t index, std::string_view value) {
        detail::error_sink error;
        error.check(host_.service<hawser_mail_headers_api>(HAWSER_MAIL_HEADERS)
                        ->set(abi_, index, detail::to_abi(value), error.abi()),
                    "changing a mail header field");
    }
    void remove_mail_header(std::uint32_t index) {
        if (host_.service<hawser_mail_headers_api>(HAWSER_MAIL_HEADERS)->remove(abi_, index) < 0) {
            throw failure(HAWSER_MISUSE, "the host refused to remove a mail header field");
        }
    }

private:
    bool find(std::string_view name, hawser_property& property) const {
        property.struct_size = sizeof property;
        return api_->get_property(abi_, detail::to_abi(name), &property) >= 0;
    }
    void put(std::string_view name, std::string_view value, property_kind kind, std::uint32_t flags) {
        hawser_property property{};
        property.struct_size = sizeof property;
        property.type = static_cast<std::uint32_t>(kind);
        property.flags = flags;
        property.value = detail::to_abi(value);
        detail::error_sink error;
        error.check(api_->set_property(abi_, detail::to_abi(name), &property, error.abi()), "setting a property");
    }

    hawser_message* abi_;
    sdk_1::host host_;
    const hawser_message_api* api_;
};

}  // namespace sdk_1
}  // namespace hawser
