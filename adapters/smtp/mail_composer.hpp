// The SMTP adapter's composer (hawser.composer/1): settles the SMTP properties and macros of a message, writes its mail
// header fields, and makes the body one MIME entity of text, parts and attachments (spec section 2). [worker]
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hawser/sdk/message.hpp"

namespace hawser::smtp {

void compose_mail(message& one);  // throws hawser::failure

// Sender and recipients as compose_mail settled them, in context properties of the adapter's own.
struct envelope {
    std::string sender;
    std::vector<std::string> recipients;
};
envelope envelope_of(const message& one);

// A blind recipient must not share an encrypted message with others, whose recipients it names (design section 5).
// Where there are blind ones, throws unless the entity that leaves (its beginning is `start`) visibly is the composed
// one, in clear text or signed in the clear: what cannot be looked into counts as encrypted.
void check_blind_recipients(const message& one, std::string_view start);

}  // namespace hawser::smtp
