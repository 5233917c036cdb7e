// Builds one MIME entity as a stream, in constant memory: leaves that are read when their turn comes, and multiparts
// around them. The header block holds MIME-Version and Content-* fields only; all lines end with CRLF and are short;
// everything is 7bit-clean, so that a signature over it survives any relay (RFC 8551 section 3.1.3).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "hawser/sdk/stream.hpp"
#include "transfer_encoding.hpp"

namespace hawser::smtp {

enum class disposition : std::uint8_t { none = 1, attachment, shown_inline };

struct mime_leaf {
    std::string content_type;  // "application/pdf", checked
    std::string charset;       // of text; "" = no parameter
    std::string file_name;     // UTF-8; "" = none
    std::string content_id;    // without angle brackets
    std::string description;
    smtp::disposition disposition = smtp::disposition::none;
    transfer_encoding encoding = transfer_encoding::base64;
    std::int64_t encoded_size = -1;  // where it is known beforehand; in base64 the content's own size says it
    std::function<body_stream()> open;
};

// A leaf, or a multipart of what is in `children`.
struct mime_part {
    mime_leaf leaf;
    std::string multipart;  // "mixed", "alternative", "related"; "" = a leaf
    std::vector<mime_part> children;

    const std::string& first_leaf_type() const;  // the root's of multipart/related (RFC 2387)
    std::string content_type() const;            // without parameters
};

mime_part leaf_part(mime_leaf leaf);
// `parts` in a multipart, or the one that is there.
mime_part multipart_of(const char* subtype, std::vector<mime_part> parts);

// Leaves are opened at once: a file that is missing has to show before anything is sent.
body_stream make_mime_entity(mime_part root);

}  // namespace hawser::smtp
