// Header fields that a message's seal covers (RFC 9788): read from the innermost entity, they take the place of the
// outer ones, which anybody on the way could change.
#pragma once

#include "decode_facts.hpp"
#include "mime_header.hpp"

namespace hawser::smime {

void take_outer_fields(const mime_header& outer, decode_facts& facts);

// `payload` is the header of what the seal covers. Without an hp parameter it protects nothing. Throws where the sealed
// message does not say whom it is from, or is said to be encrypted (hp="cipher") and is not.
void take_protected_fields(const mime_header& outer, const mime_header& payload, const content_type& type,
                           decode_facts& facts);

// Whether what the seal covers is a message whose header counts as protected, as RFC 8551 section 3.1 had it: in
// message/rfc822 (RFC 9788 section 4.10.1). `inner` is that message's header.
bool is_wrapped_message(const content_type& payload, const mime_header& inner);
void take_wrapped_fields(const mime_header& outer, const mime_header& inner, decode_facts& facts);

}  // namespace hawser::smime
