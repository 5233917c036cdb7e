// Looks up servers' names. getaddrinfo blocks, so it runs on threads of its own, a few of them, so that one name that
// hangs holds up no other; who waits for it waits on a timer. For coroutines on the I/O thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "wait_breaker.hpp"
#include "worker_threads.hpp"

namespace hawser::smtp {

class name_lookups {
public:
    using addresses_type = boost::asio::ip::tcp::resolver::results_type;

    explicit name_lookups(boost::asio::io_context& io) : io_(io) {}

    // Throws wire_failure where the name has no address, or none was found in time. An address needs no look-up.
    // Or where the wait is broken off.
    boost::asio::awaitable<addresses_type> find(std::string host, std::uint16_t port, int timeout_s,
                                                wait_breaker& breaker);
    void stop();  // what runs is waited for; nothing may follow

private:
    boost::asio::io_context& io_;
    std::unique_ptr<worker_threads> threads_;  // made on first use
};

}  // namespace hawser::smtp
