// A MIME entity of a message's parts, for adapters that have no composer: the body part, or with the others a
// multipart/mixed or multipart/related. Their headers are what the MIME properties of the parts say.
#pragma once

#include "hawser/sdk/message.hpp"
#include "part_encoding.hpp"

namespace hawser::smime {

struct part_settings {
    part_encoding encoding = part_encoding::base64;  // where a part has no other
    bool sends_body_as_attachment = false;
};

struct part_entity {
    body_stream body;
    const char* transfer_encoding;  // of the whole: what its parts are at the worst
};

part_entity make_part_entity(message& one, const part_settings& settings);  // throws hawser::failure

}  // namespace hawser::smime
