// What was said over one connection, as lines for a person: the wire trace and the audit archive show them. Never a
// credential, and of the content its size only.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "smtp_reply.hpp"

namespace hawser::smtp {

enum class wire_speaker : char { client = 'C', server = 'S', note = '*' };

struct wire_line {
    std::int64_t unix_ms = 0;
    wire_speaker speaker = wire_speaker::note;
    std::string text;  // without line end and control characters
};

using wire_listener = std::function<void(const wire_line&)>;

void tell(const wire_listener& listener, wire_speaker speaker, std::string_view text);
void tell_commands(const wire_listener& listener, std::string_view commands);  // each ends with CRLF
// A challenge of an authentication (334) is not shown: with it a listener could try passwords (RFC 5802 section 9).
void tell_reply(const wire_listener& listener, const smtp_reply& reply);

}  // namespace hawser::smtp
