// One request to a token endpoint over HTTP (Boost.Beast), with one time limit for all of it, and a breaker that ends
// it at once. A coroutine on the I/O thread. It throws nothing that is the endpoint's or the network's: that is an
// answer "try later".
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "blocking_pool.hpp"
#include "oauth_grant.hpp"

namespace hawser::smtp {

inline constexpr std::size_t token_answer_size_max = 64 * 1024;
inline constexpr std::size_t token_header_size_max = 16 * 1024;
inline constexpr std::size_t token_buffer_size_max = 64 * 1024;  // also what comes with a chunk, and a trailer

// tls_context verifies the endpoint's certificate; its name is checked here.
boost::asio::awaitable<token_answer> request_token(boost::asio::io_context& io, blocking_pool& blocking,
                                                   std::shared_ptr<boost::asio::ssl::context> tls_context,
                                                   const oauth_grant& grant, bool allows_clear_text, int timeout_s,
                                                   wait_breaker& breaker);

}  // namespace hawser::smtp
