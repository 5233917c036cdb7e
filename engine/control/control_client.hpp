// A running host's bus, called through its socket. Thread-safe: each call uses a connection of its own. A submission
// without a key is given a random one, so that it is repeated safely, once, when the connection breaks before the
// answer. Failure: the codes of connect_control are "host.not-running" (no socket, or nobody listens), "host.refused"
// (another user's host, too many clients), "host.version" and "host.io"; the bus's functions throw std::runtime_error
// when the host goes away, except submit, which answers not_accepted.
#pragma once

#include <string>

#include "hawser/host.hpp"

namespace hawser::engine {

hawser::opened<hawser::bus> connect_control(const std::string& socket_path);

}  // namespace hawser::engine
