// Header protection (RFC 9788) of one mail: what goes into the header section of what is sealed, and what stays
// outside.
#pragma once

#include <string>
#include <vector>

#include "hawser/sdk/message.hpp"
#include "header_policy.hpp"

namespace hawser::smime {

struct header_protection {
    header_policy policy = header_policy::none;
    bool is_encrypted = false;
    bool is_seven_bit = false;        // a ClearSign signature covers the fields
    bool has_legacy_display = false;  // hidden fields are repeated in the text for programs that do not know RFC 9788
};

struct protected_header {
    std::string fields;              // of the mail and HP-Outer, each with its CRLF; "": nothing is protected
    std::string type_parameter;      // hp="cipher"
    std::string display;             // the hidden fields for the reader, UTF-8, a line each; "": none
    std::vector<std::string> names;  // of the fields of the mail
};

// Reads the mail header fields that a composer made, and hides outside what the policy says. Without a composer there
// are none, and nothing is done. Throws hawser::failure where a field cannot be protected.
protected_header protect_header(message& one, const header_protection& wish);

}  // namespace hawser::smime
