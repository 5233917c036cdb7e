// Takes the copy of header fields away that a sender put into the text for programs that do not know RFC 9788 (its
// section 4.5.3): the fields and the empty line that a text/plain part begins with that says hp-legacy-display="1", and
// of such a text/html part each <div class="header-protection-legacy-display">. As the text streams by: what may be the
// copy is held back until it is seen whole. Where it does not end within 64 KiB, or is none, nothing is taken away.
#pragma once

#include <string>
#include <vector>

#include "hawser/sdk/stream.hpp"
#include "mime_header.hpp"

namespace hawser::smime {

// `field_names`, in lower case, are those of the protected header, which alone are copied; none: the text is left
// alone.
body_stream drop_legacy_display(body_stream body, const content_type& type,
                                const std::vector<std::string>& field_names);

}  // namespace hawser::smime
