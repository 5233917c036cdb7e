// Values of mail header fields: encoded (RFC 2047, RFC 2231) and folded (RFC 5322 section 2.2.3). Whatever goes in,
// what comes out is one field's value: no line break but a fold, no control character, no line over 998 octets. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mail_address.hpp"

namespace hawser::smtp {

// `name` is the field's, whose length counts for the first line. Controls become spaces (an encoded-word would only
// hide them).
std::string encode_unstructured(std::string_view name, std::string_view text);
std::string encode_addresses(std::string_view name, const std::vector<mail_address>& addresses);

// "; name=value", quoted, or in RFC 2231's form with continuations where it must be. Begins with a fold.
std::string encode_parameter(std::string_view name, std::string_view value);

// A file's name as Content-Type's "name": an encoded-word in quotes where it is not plain ASCII. RFC 2047 section 5
// does not provide for it, but clients that do not know RFC 2231 read it; Content-Disposition has the standard's form.
std::string encode_name_parameter(std::string_view value);

std::string encode_date(std::int64_t unix_ms);  // RFC 5322 section 3.3, in UTC: "Tue, 24 Nov 2026 10:30:00 +0000"
bool is_utf8(std::string_view text);

}  // namespace hawser::smtp
