// Opens a session with an endpoint's server and with each of its fallbacks, and says what was found; sends no message.
// A coroutine on the I/O thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "smtp_session.hpp"

namespace hawser::smtp {

asio::awaitable<void> probe_servers(asio::io_context& io, smtp_endpoint endpoint, smtp_timeouts timeouts,
                                    tls_contexts tls, smtp_services services, findings& found);

}  // namespace hawser::smtp
