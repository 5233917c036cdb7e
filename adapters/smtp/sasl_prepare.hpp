// SASLprep (RFC 4013), by GNU libidn: the one form of a name or password that both sides make keys from. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "secret_text.hpp"

namespace hawser::smtp {

enum class sasl_string : std::uint8_t { query = 1, stored };  // a query may hold characters that Unicode 3.2 lacks

// Throws sasl_failure, naming `what`, where the text is not UTF-8 or holds what SASLprep prohibits.
secret_text sasl_prepare(std::string_view text, sasl_string kind, std::string_view what);

}  // namespace hawser::smtp
