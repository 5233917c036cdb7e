// The header block of a message or MIME part (RFC 5322, RFC 2045), read within limits, and what the decoder asks of it.
// Made by parse_mime_header.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hawser::smime {

struct header_field {
    std::string name;   // as it is written
    std::string value;  // unfolded, without the white space around it
};

// "multipart/signed; micalg=sha-256": type and parameter names in lower case, values as they are (RFC 2231 joined).
struct content_type {
    std::string type;  // "" where the field is missing or no type
    std::map<std::string, std::string, std::less<>> parameters;
    const std::string& parameter(std::string_view name) const;  // "" where absent
    bool is_multipart() const { return type.rfind("multipart/", 0) == 0; }
};
content_type parse_content_type(std::string_view value);

class mime_header {
public:
    static constexpr std::size_t size_max = 64 * 1024;

    std::vector<header_field> fields;
    std::size_t size = 0;              // in bytes, with the empty line at its end
    bool has_bare_line_feeds = false;  // the lines end with LF alone

    const header_field* find(std::string_view name) const;
    std::string value(std::string_view name) const;  // of the first of this name; "" where absent
    std::size_t count(std::string_view name) const;
    content_type type() const;              // RFC 2045 section 5.2: text/plain where there is none
    std::string transfer_encoding() const;  // in lower case; "7bit" where there is none
    std::string disposition() const;        // in lower case
    std::string file_name() const;          // of Content-Disposition, else the name of Content-Type
};

// `block` holds the header and perhaps more; of size_max bytes it may be the beginning. nullopt: it is no header, or
// one of something else than MIME. Throws where the header does not end within size_max bytes, or a field that decides
// what the part is is there twice.
std::optional<mime_header> parse_mime_header(std::string_view block, std::size_t size_max = mime_header::size_max);

std::string to_lower(std::string_view text);

}  // namespace hawser::smime
