// The socket file beside a message box: making it, finding it, and asking the kernel who is at the other end. A path
// longer than sun_path (107 bytes) is reached through its folder's descriptor, /proc/self/fd/<n>/<name>. Stateless;
// every function may be called from any thread.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.hpp"
#include "base/descriptor.hpp"

namespace hawser::engine::control {

// Listens with mode 0600 from the first moment. Removes a socket that is there (the caller holds the box lock, so
// nobody listens on it), never anything that is not a socket. Code: host.io.
result<descriptor> listen_on(const std::string& path);

// Codes: host.not-running (no socket, or nobody listens), host.refused, host.io.
result<descriptor> connect_to(const std::string& path);

// The effective user of the process at the other end, as it was when it connected.
result<uid_t> peer_user(int socket);

void remove_socket(const std::string& path) noexcept;

}  // namespace hawser::engine::control
