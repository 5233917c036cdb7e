// Base64 as SASL exchanges use it (RFC 4648 section 4): one run of characters, no line ends. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "secret_text.hpp"

namespace hawser::smtp {

secret_text to_base64(std::string_view bytes);
// nullopt: not base64 with its padding. What a server sends is decoded by this alone.
std::optional<secret_text> from_base64(std::string_view text);

}  // namespace hawser::smtp
