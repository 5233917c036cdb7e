// Takes the copy of header fields away that a sender put into the text for programs that do not know RFC 9788 (its
// section 4.5.3): everything up to the first empty line of a text/plain part that says hp-legacy-display="1", and of
// such a text/html part each <div class="header-protection-legacy-display">. As the text streams by.
#pragma once

#include "hawser/sdk/stream.hpp"
#include "mime_header.hpp"

namespace hawser::smime {

// Only where an encrypted message protects its header (`may_have_one`): else the text is left alone.
body_stream drop_legacy_display(body_stream body, const content_type& type, bool may_have_one);

}  // namespace hawser::smime
