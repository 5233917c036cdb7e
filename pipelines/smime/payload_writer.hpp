// Writes protected header fields into a MIME entity as it streams by (RFC 9788 section 5.2): into its own header
// section, and, where fields are hidden, for the reader into the texts that are the mail's main body. In constant
// memory.
#pragma once

#include "hawser/sdk/stream.hpp"
#include "protected_header.hpp"

namespace hawser::smime {

// The entity is read when the stream is; what is no MIME entity, or sealed already, throws hawser::failure then.
body_stream write_payload(body_stream entity, protected_header header);

}  // namespace hawser::smime
