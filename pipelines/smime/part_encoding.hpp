// Content transfer encodings of a part (RFC 2045 section 6, and uuencode as BizTalk has it), as its body streams by.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "hawser/sdk/stream.hpp"

namespace hawser::smime {

enum class part_encoding : std::uint8_t { base64 = 1, quoted_printable, seven_bit, eight_bit, binary, uuencode };

// A word of ContentTransferEncoding, or the encoding's name in MIME, in any case. Throws hawser::failure.
part_encoding part_encoding_named(std::string_view word);

// As it stands in Content-Transfer-Encoding.
const char* name_of(part_encoding encoding);

struct encoded_part {
    std::string name;       // in messages about it
    std::string file_name;  // of uuencode's first line
    bool is_text = false;   // its lines may get the line ends of mail
};

// SevenBit and EightBit change nothing but lone line feeds of a text, and fail where the body is not what they say.
body_stream encode_part(body_stream body, part_encoding encoding, const encoded_part& about);

}  // namespace hawser::smime
