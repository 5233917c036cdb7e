#include "message/part.hpp"

#include "message/codec.hpp"

namespace hawser::engine {
namespace {
constexpr std::uint8_t part_list_format = 1;
}

std::string encode_parts(const std::vector<part_info>& parts) {
    byte_encoder out;
    out.u8(part_list_format);
    out.u32(static_cast<std::uint32_t>(parts.size()));
    for (const part_info& part : parts) {
        out.text(part.name);
        out.text(part.content_type);
        out.text(part.charset);
        out.text(part.file_name);
        out.text(part.properties.encode());
        out.u64(part.size);
        out.u8(part.is_body ? 1 : 0);
    }
    return out.take();
}

result<std::vector<part_info>> decode_parts(std::string_view bytes) {
    const auto damaged = [] {
        return fail("parts.damaged", "a stored part list cannot be read: the message box is damaged");
    };
    byte_decoder in(bytes);
    if (in.u8() != part_list_format) {
        return damaged();
    }
    const std::uint32_t count = in.u32();
    if (count > part_count_max) {
        return damaged();
    }
    std::vector<part_info> parts;
    for (std::uint32_t i = 0; i < count && in.is_good(); ++i) {
        part_info part;
        part.name = in.text();
        part.content_type = in.text();
        part.charset = in.text();
        part.file_name = in.text();
        result<message_context> properties = message_context::decode(in.text());
        part.size = in.u64();
        part.is_body = in.u8() != 0;
        if (!properties) {
            return damaged();
        }
        part.properties = std::move(properties).value();
        parts.push_back(std::move(part));
    }
    if (!in.is_at_end()) {
        return damaged();
    }
    return parts;
}

}  // namespace hawser::engine
