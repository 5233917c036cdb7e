// Internationalised domain names (IDNA2008, RFC 5891) as they go over the wire: A-labels, by libidn2. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hawser::smtp {

bool is_ascii(std::string_view text);

// The domain in ASCII ("xn--…"), or as it is where it has only ASCII already; empty where it is no domain name. `why`
// then says what is wrong.
std::optional<std::string> to_ascii_domain(std::string_view domain, std::string& why);

}  // namespace hawser::smtp
