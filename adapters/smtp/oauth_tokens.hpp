// Access tokens, kept for each set of credentials and renewed before they expire: one request at a time, which runs by
// itself and for whose answer all wait that want it; who finds a token that is still good does not wait at all. On the
// I/O thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "oauth_grant.hpp"
#include "timer_set.hpp"
#include "wait_breaker.hpp"

namespace hawser::smtp {

using token_tls = std::shared_ptr<boost::asio::ssl::context>;

struct oauth_token {
    secret_text text;     // empty: `failed` says why
    bool is_new = false;  // it was made for this very call: a server's refusal is not for its age
    token_answer failed;
};

class oauth_tokens {
public:
    using clock = std::chrono::steady_clock;
    // Asks the endpoint, until that is broken off; never throws what is the endpoint's fault.
    using request_function = std::function<boost::asio::awaitable<token_answer>(
        const oauth_grant&, bool allows_clear_text, token_tls, wait_breaker&)>;
    using spawn_function = std::function<void(boost::asio::awaitable<void>)>;

    oauth_tokens(boost::asio::io_context& io, spawn_function spawn, request_function request)
        : io_(io), spawn_(std::move(spawn)), request_(std::move(request)) {}

    // Throws wire_failure where the wait is broken off, which is of no concern to the others that wait.
    boost::asio::awaitable<oauth_token> token(oauth_grant grant, bool allows_clear_text, token_tls tls,
                                              wait_breaker& breaker);
    // A server refused it: it is not given out again.
    void forget(const oauth_grant& grant, const secret_text& token);
    void stop();  // breaks the requests off; nothing may follow

private:
    struct entry {
        oauth_grant grant;          // as configured
        secret_text refresh_token;  // the one that the endpoint gave last, if any
        secret_text token;
        clock::time_point expires, renew_at;
        bool is_renewing = false;
        token_answer last;  // of the request that ended last
        timer_set waiting;
    };
    class renewal;
    std::shared_ptr<entry> entry_of(const oauth_grant& grant);
    boost::asio::awaitable<void> renew(std::unique_ptr<renewal> begun, bool allows_clear_text, token_tls tls);
    boost::asio::awaitable<token_answer> ask(entry& one, bool allows_clear_text, token_tls tls);
    boost::asio::awaitable<void> wait(std::shared_ptr<entry> one, wait_breaker& breaker);
    static void take(entry& one, token_answer answer);

    boost::asio::io_context& io_;
    spawn_function spawn_;
    request_function request_;
    wait_breaker requests_;
    std::list<std::shared_ptr<entry>> entries_;  // the last used first
};

}  // namespace hawser::smtp
