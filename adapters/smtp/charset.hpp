// Text from UTF-8 into another character set, by the C library's iconv. Throws hawser::failure naming what does not
// fit.
#pragma once

#include <string>
#include <string_view>

namespace hawser::smtp {

// `charset` is a name as it stands in a Content-Type ("utf-8", "iso-8859-1"). Refuses one that is none or that is not
// ASCII-compatible.
std::string convert_to_charset(std::string_view utf8, const std::string& charset);

bool is_charset_name(std::string_view name);  // RFC 2978: letters, digits and a few signs

}  // namespace hawser::smtp
