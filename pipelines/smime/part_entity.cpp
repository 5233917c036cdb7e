#include "part_entity.hpp"

#include "base64_lines.hpp"
#include "boundary.hpp"

namespace hawser::smime {
namespace {

bool is_token(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$&-^_.+").find(c) != std::string_view::npos;
}

// "type/subtype" of RFC 6838's characters; anything else is bytes.
std::string checked_type(const std::string& text) {
    const std::string type = text.substr(0, text.find(';'));
    std::size_t slashes = 0;
    for (const char c : type) {
        slashes += c == '/' ? 1 : 0;
        if (!is_token(c) && c != '/') {
            return "application/octet-stream";
        }
    }
    const bool is_composite = type.rfind("multipart/", 0) == 0 || type.rfind("message/", 0) == 0;
    return slashes == 1 && !is_composite ? type : "application/octet-stream";
}

std::string file_name_parameter(const std::string& name) {  // RFC 2231 section 4
    static constexpr char digits[] = "0123456789ABCDEF";
    std::string out = "filename*=utf-8''";
    for (const char c : name.substr(0, 200)) {
        const auto byte = static_cast<unsigned char>(c);
        if (is_token(c)) {
            out += c;
        } else {
            out += {'%', digits[byte >> 4U], digits[byte & 15U]};
        }
    }
    return out;
}

std::string fields_of(const message_part& part) {
    std::string fields =
        "Content-Type: " + checked_type(part.content_type) + "\r\nContent-Transfer-Encoding: base64\r\n";
    if (!part.file_name.empty()) {
        fields += "Content-Disposition: attachment;\r\n " + file_name_parameter(part.file_name) + "\r\n";
    }
    return fields + "\r\n";
}

// Text before, the body in base64, text after.
struct wrapping_filter {
    std::string before;
    std::string after;
    base64_lines lines;
    void write(std::string_view in, std::string& out) {
        out += std::exchange(before, {});
        lines.write(in, out);
    }
    void finish(std::string& out) {
        out += std::exchange(before, {});
        lines.finish(out);
        out += after;
    }
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

body_stream wrap(body_stream body, std::string before, std::string after) {
    return make_stream(std::make_unique<filtered_stream<wrapping_filter>>(
        std::move(body), wrapping_filter{std::move(before), std::move(after), {}}));
}

}  // namespace

body_stream make_part_entity(message& one) {
    const std::vector<message_part> parts = one.parts();
    const std::string version = "MIME-Version: 1.0\r\n";
    if (parts.size() == 1) {
        return wrap(one.take_body(0), version + fields_of(parts[0]), "");
    }
    const std::string boundary = make_boundary("=_parts_");
    std::vector<body_stream> all;
    for (std::uint32_t i = 0; i < parts.size(); ++i) {
        const std::string start =
            i == 0 ? version + "Content-Type: multipart/mixed; boundary=\"" + boundary + "\"\r\n\r\n" : "";
        const std::string end = i + 1 == parts.size() ? "\r\n--" + boundary + "--\r\n" : "\r\n";
        all.push_back(wrap(one.take_body(i), start + "--" + boundary + "\r\n" + fields_of(parts[i]), end));
    }
    return make_stream(std::make_unique<joined_source>(std::move(all)));
}

}  // namespace hawser::smime
