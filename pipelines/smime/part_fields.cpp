#include "part_fields.hpp"

#include <algorithm>
#include <array>

#include "encoded_words.hpp"
#include "mime_header.hpp"

namespace hawser::smime {
namespace {

constexpr std::size_t value_size_max = 500;
constexpr std::size_t word_text_max = 63;  // of an encoded-word, which has 75 characters at most (RFC 2047 section 2)

bool is_token_character(
    char c) {  // of a media type (RFC 6838 section 4.2); all of them are good in a parameter's value, too
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$&-^_.+").find(c) != std::string_view::npos;
}
bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}
bool is_plain_text(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

// "type/subtype" of RFC 6838's characters; anything else is bytes.
std::string checked_type(const std::string& text) {
    const std::string type = text.substr(0, text.find(';'));
    const std::size_t slash = type.find('/');
    const bool is_type = slash != std::string::npos && is_token(std::string_view(type).substr(0, slash)) &&
                         is_token(std::string_view(type).substr(slash + 1));
    const std::string lower = to_lower(type);
    const bool is_composite = lower.rfind("multipart/", 0) == 0 || lower.rfind("message/", 0) == 0;
    return is_type && !is_composite ? type : "application/octet-stream";
}

std::string encoded_word(std::string_view bytes) {  // RFC 2047's Q
    static constexpr char digits[] = "0123456789ABCDEF";
    std::string out = "=?utf-8?Q?";
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        out += is_letter  ? std::string(1, c)
               : c == ' ' ? "_"
                          : std::string{'=', digits[byte >> 4U], digits[byte & 15U]};
    }
    return out + "?=";
}

// A field's text, folded; encoded where it is not ASCII, long, or would read as encoded.
std::string text_value(std::string_view text) {
    constexpr std::size_t plain_size_max = 50;
    if (is_plain_text(text) && text.size() <= plain_size_max && text.find("=?") == std::string_view::npos) {
        return std::string(text);
    }
    std::string out;
    std::string word;
    std::size_t size = 0;  // of the word, encoded
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = at + 1;
        while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) {
            ++end;
        }
        if (size + 3 * (end - at) > word_text_max) {  // no character is cut in two
            out += encoded_word(word) + "\r\n ";
            word.clear();
            size = 0;
        }
        word += text.substr(at, end - at);
        size += 3 * (end - at);
        at = end;
    }
    return out + encoded_word(word);
}

std::string quoted_text(std::string_view value) {
    std::string out = "\"";
    for (const char c : value) {
        out += c == '"' || c == '\\' ? std::string{'\\', c} : std::string(1, c);
    }
    return out + '"';
}

// RFC 2231 section 4, with section 3's continuations where it is too long for a line. `start` is all before the "=".
std::string extended_text(const std::string& start, std::string_view value) {
    constexpr std::size_t piece_size_max = 48;
    static constexpr char digits[] = "0123456789ABCDEF";
    std::vector<std::string> pieces(1);
    for (const char c : value) {
        const auto byte = static_cast<unsigned char>(c);
        if (pieces.back().size() + 3 > piece_size_max) {
            pieces.emplace_back();
        }
        pieces.back() +=
            is_token_character(c) ? std::string(1, c) : std::string{'%', digits[byte >> 4U], digits[byte & 15U]};
    }
    std::string out;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        out += start + (pieces.size() == 1 ? "*=" : "*" + std::to_string(i) + "*=") + (i == 0 ? "utf-8''" : "");
        out += pieces[i];
    }
    return out;
}

class property_reader {
public:
    property_reader(const message& one, std::uint32_t index, const message_part& part)
        : message_(one), index_(index), part_(part) {}

    // Without control characters, in UTF-8, and not too long; "" where it is not given.
    std::string text(const char* property) const {
        std::optional<std::string> value = message_.part_property(index_, property);
        if (!value && part_.is_body) {
            value = message_.get(property);
        }
        check(property, value.value_or(""));
        return value.value_or("");
    }
    void check(const char* property, const std::string& value) const {
        if (value.size() > value_size_max) {
            refuse(property, "is longer than " + std::to_string(value_size_max) + " bytes");
        }
        for (const char c : value) {
            if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) {
                refuse(property, "has a control character, which no header field can have");
            }
        }
        if (printable(value) != value) {
            refuse(property, "is no valid UTF-8");
        }
    }
    std::string ascii(const char* property) const {
        std::string value = text(property);
        if (!is_plain_text(value) || value.find_first_of(" <>\"") != std::string::npos) {
            refuse(property, "may have ASCII characters only, without blanks, quotes and angle brackets");
        }
        return value;
    }
    bool flag(const char* property) const {
        const std::string value = to_lower(text(property));
        if (!value.empty() && value != "true" && value != "false" && value != "1" && value != "0") {
            refuse(property, "is neither true nor false");
        }
        return value == "true" || value == "1";
    }
    std::string parameter(const char* property, const char* value_property) const {
        const std::string name = text(property);
        const std::string value = text(value_property);
        if (name.empty() != value.empty()) {
            refuse(name.empty() ? value_property : property,
                   std::string("needs ") + (name.empty() ? property : value_property) + " beside it");
        }
        if (name.empty()) {
            return {};
        }
        constexpr std::array<std::string_view, 4> own{"boundary", "charset", "hp", "hp-legacy-display"};
        if (!is_token(name) || std::find(own.begin(), own.end(), to_lower(name)) != own.end()) {
            refuse(property, "\"" + printable(name.substr(0, 60)) +
                                 "\" is no parameter's name, or one of those that the encoder writes itself");
        }
        return parameter_text(name, value);
    }
    [[noreturn]] void refuse(const char* property, const std::string& what) const {
        throw failure(std::string(property) + " of the part \"" + printable(part_.name) + "\" " + what);
    }

private:
    const message& message_;
    std::uint32_t index_;
    const message_part& part_;
};

std::string content_id_in(const property_reader& properties) {
    std::string id = properties.text("MIME.ContentID");
    if (id.size() > 2 && id.front() == '<' && id.back() == '>') {
        id = id.substr(1, id.size() - 2);
    }
    if (!is_plain_text(id) || id.find_first_of(" <>\"") != std::string::npos) {
        properties.refuse("MIME.ContentID",
                          "may have ASCII characters only, without blanks, quotes and angle brackets inside");
    }
    return id;
}

}  // namespace

std::string parameter_text(std::string_view name, std::string_view value) {
    const std::string start = ";\r\n " + std::string(name);
    if (is_token(value)) {
        return start + "=" + std::string(value);
    }
    constexpr std::size_t quoted_size_max = 900;  // a line has 998 bytes at most (RFC 5322 section 2.1.1)
    const std::string quoted = is_plain_text(value) ? quoted_text(value) : "";
    return !quoted.empty() && quoted.size() <= quoted_size_max ? start + "=" + quoted : extended_text(start, value);
}

part_description describe_part(const message& one, std::uint32_t index, const message_part& part,
                               part_encoding otherwise) {
    const property_reader properties(one, index, part);
    part_description made;
    made.name = part.name;
    made.is_body = part.is_body;
    made.content_type = checked_type(part.content_type);
    const std::string charset =
        part.charset.empty() ? parse_content_type(part.content_type).parameter("charset") : part.charset;
    made.charset = to_lower(made.content_type).rfind("text/", 0) == 0 && is_token(charset) ? charset : "";
    made.file_name = properties.text("MIME.FileName");
    if (made.file_name.empty()) {
        properties.check("FileName", part.file_name);
        made.file_name = part.file_name;
    }
    made.content_id = content_id_in(properties);
    made.description = properties.text("MIME.ContentDescription");
    made.location = properties.ascii("MIME.ContentLocation");
    made.is_related = properties.flag("MIME.IsMultipartRelated");
    made.message_type_parameter =
        properties.parameter("MIME.ContentTypeSecondaryHeader", "MIME.ContentTypeSecondaryHeaderValue");
    made.type_parameter =
        properties.parameter("MIME.PartContentTypeSecondaryHeader", "MIME.PartContentTypeSecondaryHeaderValue");
    const std::string encoding = properties.text("MIME.ContentTransferEncoding");
    made.encoding = encoding.empty() ? otherwise : part_encoding_named(encoding);
    return made;
}

bool has_parameter(std::string_view parameters, std::string_view name) {
    const std::string start = ";\r\n " + std::string(name);
    const std::string all = to_lower(parameters);
    return all.find(start + '=') != std::string::npos || all.find(start + '*') != std::string::npos;
}

std::string fields_of(const part_description& part, part_disposition disposition, std::string_view more_parameters) {
    std::string fields = "Content-Type: " + part.content_type;
    fields += part.charset.empty() ? "" : parameter_text("charset", part.charset);
    fields += part.type_parameter;
    fields.append(more_parameters)
        .append("\r\nContent-Transfer-Encoding: ")
        .append(name_of(part.encoding))
        .append("\r\n");
    if (disposition != part_disposition::none) {
        fields += disposition == part_disposition::attachment ? "Content-Disposition: attachment"
                                                              : "Content-Disposition: inline";
        fields += (part.file_name.empty() ? "" : parameter_text("filename", part.file_name)) + "\r\n";
    }
    fields += part.content_id.empty() ? "" : "Content-ID: <" + part.content_id + ">\r\n";
    fields += part.description.empty() ? "" : "Content-Description: " + text_value(part.description) + "\r\n";
    fields += part.location.empty() ? "" : "Content-Location: " + part.location + "\r\n";
    return fields;
}

}  // namespace hawser::smime
