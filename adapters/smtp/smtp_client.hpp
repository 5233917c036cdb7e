// The SMTP client: one I/O thread on which connections to servers carry transmissions. A pool for each server and set
// of credentials: at most so many connections, each used for one message after another and kept for a while when idle.
// send() may be called from any thread; everything else here runs on the I/O thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "smtp_settings.hpp"
#include "smtp_tls.hpp"
#include "smtp_transmission.hpp"

namespace hawser::smtp {

class smtp_client {
public:
    using report_function =
        std::function<void(const std::string&)>;  // of what must not happen: an exception in a coroutine

    smtp_client(smtp_timeouts timeouts, smtp_limits limits, report_function report);
    ~smtp_client();  // after every transmission was completed
    smtp_client(const smtp_client&) = delete;
    smtp_client& operator=(const smtp_client&) = delete;

    boost::asio::io_context& io() noexcept;
    // The contexts are for connections that have to be opened for it; null where the endpoint needs none.
    void send(std::shared_ptr<smtp_transmission> one, tls_contexts tls);

    // Opens a session with the endpoint's server and each of its fallbacks, and says what was found; sends no message.
    // Blocks: not on the I/O thread.
    void probe(const smtp_endpoint& endpoint, tls_contexts tls, findings& found);

private:
    struct implementation;
    std::unique_ptr<implementation> implementation_;
};

}  // namespace hawser::smtp
