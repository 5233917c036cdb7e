// Finds the parts of a multipart entity (RFC 2046 section 5.1) in a spool: headers are parsed, bodies are places in it.
// Every limit and every fault throws hawser::failure.
#pragma once

#include <memory>
#include <vector>

#include "mime_header.hpp"
#include "spool.hpp"

namespace hawser::smime {

struct mime_part {
    mime_header header;
    std::uint64_t begin = 0;  // of the part, with its header
    std::uint64_t body_begin = 0;
    std::uint64_t end = 0;  // of the body: before the line end that belongs to the delimiter
};

// The parts between `begin` and `end`, where the body of a multipart entity of this type stands.
std::vector<mime_part> find_parts(const std::shared_ptr<spool>& from, std::uint64_t begin, std::uint64_t end,
                                  const content_type& type);

// Its leaves in order: parts of nested multiparts stand in their place. A part that multipart/signed wraps is a leaf.
std::vector<mime_part> find_leaves(const std::shared_ptr<spool>& from, std::uint64_t begin, std::uint64_t end,
                                   const content_type& type);

}  // namespace hawser::smime
