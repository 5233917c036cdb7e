// A MIME entity of a message's parts, for adapters that have no composer: the body part, with the others a
// multipart/mixed.
#pragma once

#include "hawser/sdk/message.hpp"

namespace hawser::smime {

body_stream make_part_entity(message& one);  // throws hawser::failure

}  // namespace hawser::smime
