// Takes the copy of header fields away that a sender put into the text for programs that do not know RFC 9788 (its
// section 4.5.3.2: everything up to the first empty line of a text/plain part that says hp-legacy-display="1").
#pragma once

#include "hawser/sdk/stream.hpp"
#include "mime_header.hpp"

namespace hawser::smime {

// Only where the seal protects header fields: else the text is left alone.
body_stream drop_legacy_display(body_stream body, const content_type& type, bool is_header_protected);

}  // namespace hawser::smime
