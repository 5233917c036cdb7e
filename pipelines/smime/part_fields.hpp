// The MIME header fields of a part that the encoder writes: what BizTalk's part properties (MIME.*) say, checked and
// encoded. Whatever they hold, what comes out is the fields of one part.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "hawser/sdk/message.hpp"
#include "part_encoding.hpp"

namespace hawser::smime {

// Of one part; "" where not given.
struct part_description {
    std::string name;          // in messages about it
    std::string content_type;  // checked
    std::string charset;
    std::string file_name, content_id, description, location;
    std::string type_parameter;          // "; name=value" of the part's Content-Type
    std::string message_type_parameter;  // of the whole entity's
    bool is_body = false;
    bool is_related = false;  // asks for multipart/related
    part_encoding encoding = part_encoding::base64;
};

enum class part_disposition : std::uint8_t { none = 1, shown_inline, attachment };

// Reads the part's properties; the body part's may be the message's own. Throws hawser::failure for a value that cannot
// stand in a header field, with the property's name.
part_description describe_part(const message& one, std::uint32_t index, const message_part& part,
                               part_encoding otherwise);

// "; name=value", as RFC 2045 or, where it has to be, RFC 2231 has it.
std::string parameter_text(std::string_view name, std::string_view value);

bool has_parameter(std::string_view parameters, std::string_view name);  // of what parameter_text wrote

// The fields with their line ends, without the empty line.
std::string fields_of(const part_description& part, part_disposition disposition, std::string_view more_parameters);

}  // namespace hawser::smime
