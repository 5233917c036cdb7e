// Text of header fields for people and properties: RFC 2047 words decoded, and only what can be shown.
#pragma once

#include <string>
#include <string_view>

namespace hawser::smime {

// "=?utf-8?Q?Rechnung_f=C3=BCr?=" in UTF-8, US-ASCII and ISO 8859-1; words in other charsets stay as they are written.
std::string decode_words(std::string_view value);

// The same of a field of addresses (From, To, …), where no decoded text may look like an address, or part one from the
// next: text with such a character stands in quotes then (RFC 5322 section 3.2.4). What is inside <…> stays as written.
std::string decode_address_words(std::string_view value);

// Valid UTF-8 without control characters: a question mark stands for each byte that is neither.
std::string printable(std::string_view text);

int hex_value(char c);  // -1 where it is no hexadecimal digit

}  // namespace hawser::smime
