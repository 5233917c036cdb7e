// A message part as the message box keeps it: what it is called, what it holds and how large it is; never the bytes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "message/context.hpp"

namespace hawser::engine {

struct part_info {
    std::string name;            // unique in its message; "body" for the body part unless the publisher says otherwise
    std::string content_type;    // "application/pdf"; may be empty (unknown)
    std::string charset;         // of text; may be empty
    std::string file_name;       // as it should appear to the receiver; may be empty
    message_context properties;  // part properties: MIME.ContentID, MIME.ContentDescription, …
    std::uint64_t size = 0;      // bytes
    bool is_body = false;        // exactly one part of a message is its body part

    bool operator==(const part_info&) const = default;
};

inline constexpr std::size_t part_count_max = 1000;

std::string encode_parts(const std::vector<part_info>& parts);
result<std::vector<part_info>> decode_parts(std::string_view bytes);

}  // namespace hawser::engine
