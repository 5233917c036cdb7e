// The facts of a decoded message as properties of its context (the README has their table).
#pragma once

#include "decode_facts.hpp"
#include "hawser/sdk/message.hpp"

namespace hawser::smime {

void erase_decoded_properties(message& one);  // what came with the message is not ours
void promote_decoded_properties(message& one, const decode_facts& facts, bool checked_revocation);

}  // namespace hawser::smime
