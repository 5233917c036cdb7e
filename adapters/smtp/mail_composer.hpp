// The SMTP adapter's composer (hawser.composer/1): settles the SMTP properties and macros of a message, writes its mail
// header fields, and makes the body one MIME entity of text, parts and attachments (spec section 2). [worker]
#pragma once

#include <string>
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

}  // namespace hawser::smtp
