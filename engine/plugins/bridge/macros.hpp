// The macros of spec section 2 (%MessageID%, %datetime%, …) in To, CC, From and Subject. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "message/context.hpp"

namespace hawser::engine {

enum class macro_place : std::uint8_t { subject = 1, address };

// In a subject a macro without a value stays as it is written; in an address it is an error ("macro.unresolved"), and
// only %DestinationParty% is one there. The result holds whatever the message's values hold.
result<std::string> expand_macros(std::string_view text, macro_place place, const message_context& context,
                                  std::int64_t now_unix_ms);

}  // namespace hawser::engine
