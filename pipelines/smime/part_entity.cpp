#include "part_entity.hpp"

#include <algorithm>

#include "boundary.hpp"
#include "part_fields.hpp"

namespace hawser::smime {
namespace {

// Text before, the body, text after.
class wrapped_source final : public stream_source {
public:
    wrapped_source(body_stream body, std::string before, std::string after)
        : body_(std::move(body)), before_(std::move(before)), after_(std::move(after)) {}
    std::size_t read(void* buffer, std::size_t capacity) override {
        if (position_ == before_.size() && !is_body_at_end_) {
            if (const std::size_t size = body_.read(buffer, capacity); size > 0) {
                return size;
            }
            is_body_at_end_ = true;
            before_ = std::move(after_);
            position_ = 0;
        }
        const std::size_t size = std::min(capacity, before_.size() - position_);
        before_.copy(static_cast<char*>(buffer), size, position_);
        position_ += size;
        return size;
    }

private:
    body_stream body_;
    std::string before_;
    std::string after_;
    std::size_t position_ = 0;
    bool is_body_at_end_ = false;
};

class joined_source final : public stream_source {
public:
    explicit joined_source(std::vector<body_stream> all) : all_(std::move(all)) {}
    std::size_t read(void* buffer, std::size_t capacity) override {
        for (; index_ < all_.size(); ++index_) {
            if (const std::size_t size = all_[index_].read(buffer, capacity); size > 0) {
                return size;
            }
        }
        return 0;
    }

private:
    std::vector<body_stream> all_;
    std::size_t index_ = 0;
};

class entity_maker {
public:
    entity_maker(message& one, const part_settings& settings) : message_(one), settings_(settings) {
        const std::vector<message_part> parts = one.parts();
        for (std::uint32_t i = 0; i < parts.size(); ++i) {
            all_.push_back(describe_part(one, i, parts[i], settings.encoding));
            body_ = parts[i].is_body ? i : body_;
        }
        if (all_.empty()) {
            throw failure("the message has no part to be sent");
        }
    }

    part_entity make() {
        if (all_.size() == 1 && !body().is_related) {
            return {wrapped(0, "MIME-Version: 1.0\r\n", body().message_type_parameter, ""), name_of(body().encoding)};
        }
        for (part_description& one : all_) {
            if (one.is_body && one.description.empty()) {
                one.description = "body";  // by which BizTalk's decoder, and ours, knows it
            }
        }
        const std::string boundary = make_boundary("=_parts_");
        std::vector<body_stream> streams;
        for (std::uint32_t i = 0; i < all_.size(); ++i) {
            const std::string end = i + 1 == all_.size() ? "\r\n--" + boundary + "--\r\n" : "\r\n";
            streams.push_back(wrapped(i, (i == 0 ? header(boundary) : "") + "--" + boundary + "\r\n", "", end));
        }
        return {make_stream(std::make_unique<joined_source>(std::move(streams))), transfer_encoding()};
    }

private:
    const part_description& body() const { return all_[body_]; }

    body_stream wrapped(std::uint32_t index, const std::string& before, const std::string& parameters,
                        std::string after) {
        const part_description& part = all_[index];
        const bool is_text = part.content_type.rfind("text/", 0) == 0;
        body_stream encoded = encode_part(message_.take_body(index), part.encoding,
                                          {part.name, part.file_name.empty() ? part.name : part.file_name, is_text});
        return make_stream(std::make_unique<wrapped_source>(
            std::move(encoded), before + fields_of(part, disposition_of(part), parameters) + "\r\n", std::move(after)));
    }

    part_disposition disposition_of(const part_description& part) const {
        const bool is_shown = body().is_related && !part.content_id.empty();
        if (part.is_body ? settings_.sends_body_as_attachment : !is_shown) {
            return part_disposition::attachment;
        }
        return part.file_name.empty() ? part_disposition::none : part_disposition::shown_inline;
    }

    std::string header(const std::string& boundary) const {
        std::string parameters = body().message_type_parameter;
        if (body().is_related && !has_parameter(parameters, "type")) {  // RFC 2387
            parameters += parameter_text("type", body().content_type);
        }
        if (body().is_related && !has_parameter(parameters, "start") && !body().content_id.empty()) {
            parameters += parameter_text("start", '<' + body().content_id + '>');
        }
        return std::string("MIME-Version: 1.0\r\nContent-Type: multipart/") +
               (body().is_related ? "related" : "mixed") + parameters + parameter_text("boundary", boundary) +
               "\r\nContent-Transfer-Encoding: " + transfer_encoding() + "\r\n\r\n";
    }

    const char* transfer_encoding() const {  // of a multipart: 7bit, 8bit or binary (RFC 2045 section 6.4)
        part_encoding worst = part_encoding::seven_bit;
        for (const part_description& one : all_) {
            const bool is_open = one.encoding == part_encoding::eight_bit || one.encoding == part_encoding::binary;
            worst = is_open ? std::max(worst, one.encoding) : worst;
        }
        return name_of(worst);
    }

    message& message_;
    const part_settings& settings_;
    std::vector<part_description> all_;
    std::uint32_t body_ = 0;
};

}  // namespace

part_entity make_part_entity(message& one, const part_settings& settings) { return entity_maker(one, settings).make(); }

}  // namespace hawser::smime
