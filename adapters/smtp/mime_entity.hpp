// Builds one MIME entity as a stream, in constant memory: leaves that are read when their turn comes, and multiparts
// around them. The header block holds MIME-Version and Content-* fields only; all lines end with CRLF; everything is
// 7bit-clean, so that a signature over it survives any relay (RFC 8551 section 3.1.3).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "hawser/sdk/stream.hpp"

namespace hawser::smtp {

enum class transfer_encoding : std::uint8_t { base64 = 1, quoted_printable };

struct mime_leaf {
    std::string content_type;  // "application/pdf", checked
    std::string charset;       // of text; "" = no parameter
    std::string file_name;     // UTF-8; "" = none
    std::string content_id;    // without angle brackets
    std::string description;
    bool is_attachment = false;
    transfer_encoding encoding = transfer_encoding::base64;
    std::function<body_stream()> open;
};

// One leaf is the entity itself; several are a multipart/mixed.
body_stream make_mime_entity(std::vector<mime_leaf> leaves);

// "type/subtype" in lower case if `text` begins with one (parameters are cut off), else `otherwise`.
std::string checked_content_type(std::string_view text, std::string_view otherwise);
std::string content_type_of_file(std::string_view file_name);  // by its extension
bool is_text_type(std::string_view content_type);

}  // namespace hawser::smtp
