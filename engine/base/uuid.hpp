// Identifiers of messages, deliveries and requests.
#pragma once

#include <string>

namespace hawser::engine {

// RFC 9562 version 7: lower case, 36 characters. Those of a thread stand in the order in which they were made, those of
// several threads nearly so. An index over them grows at its end and shrinks at its beginning, however many messages
// wait; identifiers in random order would touch a page of their own with each message. 62 bits come from the kernel's
// randomness. Thread-safe.
std::string make_uuid();

}  // namespace hawser::engine
