// Tells a service manager how this process is (sd_notify(3)): one datagram to $NOTIFY_SOCKET, nothing where it is not
// set. Never fails: a service manager that cannot be told is no reason to stop the bus.
#pragma once

#include <string>

namespace hawser::command {

void notify_service_manager(const std::string& state) noexcept;   // "READY=1", "STOPPING=1", "STATUS=…"

}  // namespace hawser::command
