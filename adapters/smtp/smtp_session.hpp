// The SMTP dialogue over one connection: greeting, EHLO, STARTTLS, AUTH, then transactions (RFC 5321). Every refusal
// becomes an outcome by smtp_trouble. Used by one coroutine at a time.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "session_facts.hpp"
#include "smtp_authenticator.hpp"
#include "smtp_connection.hpp"
#include "smtp_extensions.hpp"
#include "smtp_settings.hpp"
#include "smtp_tls.hpp"
#include "smtp_transmission.hpp"

namespace hawser::smtp {

class smtp_transaction;

class smtp_session {
public:
    smtp_session(asio::io_context& io, const smtp_endpoint& endpoint, const smtp_timeouts& timeouts, tls_contexts tls,
                 smtp_services services);
    ~smtp_session();

    // nullopt: ready for transactions. `tracer` hears what is said meanwhile.
    asio::awaitable<std::optional<outcome>> open(wire_listener tracer);
    // The message whose envelope may go behind the content of the one under way; null = none. Called at most once.
    using next_transmission = std::function<smtp_transmission*()>;
    // The outcome is for the recipients still open. Throws wire_failure before the message was handed over; then the
    // connection is of no more use. What `next` gave has to be transmitted next, unless the session is given up.
    asio::awaitable<outcome> transmit(smtp_transmission& one, next_transmission next);
    asio::awaitable<void> quit();

    const std::string& label() const noexcept { return facts_.server; }
    const session_facts& facts() const noexcept { return facts_; }
    const smtp_extensions& extensions() const noexcept { return extensions_; }
    smtp_connection& connection() noexcept { return connection_; }
    bool is_usable() const noexcept { return is_usable_; }
    bool has_begun_next() const noexcept { return next_ != nullptr; }  // its envelope may be on the way
    bool is_alive() { return is_usable_ && connection_.is_alive(); }
    void cancel(std::string why) { connection_.cancel(std::move(why)); }

private:
    asio::awaitable<std::optional<outcome>> connect_and_agree(wire_listener tracer);
    asio::awaitable<std::optional<outcome>> agree();
    asio::awaitable<smtp_reply> command(std::string line);
    asio::awaitable<std::optional<outcome>> say_hello();
    asio::awaitable<std::optional<outcome>> upgrade_to_tls();
    asio::awaitable<std::optional<outcome>> authenticate();
    std::unique_ptr<smtp_transaction> make_transaction(smtp_transmission& one);
    std::string begin_next(smtp_transmission* one);
    outcome end(outcome result);                     // after which the connection is given up
    asio::awaitable<outcome> leave(outcome result);  // the same after QUIT

    const smtp_endpoint endpoint_;
    const smtp_timeouts timeouts_;
    tls_contexts tls_;
    smtp_services services_;
    smtp_connection connection_;
    smtp_extensions extensions_;
    session_facts facts_;
    std::unique_ptr<smtp_transaction> next_;  // begun while another was under way
    bool is_usable_ = false;
    bool has_transmitted_ = false;
    bool is_answered_quickly_ = false;
};

}  // namespace hawser::smtp
