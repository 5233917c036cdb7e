// One connection to an SMTP server: connect, TLS, whole replies in, bytes out, a time-out on every wait. Used by one
// coroutine on the client's I/O thread. A failure throws wire_failure; afterwards the connection is only destroyed.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sasl_mechanism.hpp"
#include "smtp_reply.hpp"
#include "tls_context.hpp"
#include "tls_facts.hpp"
#include "wait_breaker.hpp"
#include "wire_failure.hpp"
#include "wire_line.hpp"

namespace hawser::smtp {

namespace asio = boost::asio;

class smtp_connection {
public:
    explicit smtp_connection(asio::io_context& io);
    ~smtp_connection();
    smtp_connection(const smtp_connection&) = delete;
    smtp_connection& operator=(const smtp_connection&) = delete;

    // Happy eyeballs (RFC 8305): IPv6 and IPv4 addresses by turns, the next one begun when the one before has failed or
    // has not answered for 250 ms; the first that answers stays. The time-out is for all of them together.
    asio::awaitable<void> connect(asio::ip::tcp::resolver::results_type addresses, int timeout_s);
    // Verifies the server by the context's policy, and its name against `host` (a DNS name or an IP address). Sessions
    // are resumed with the server that has the same `label`.
    asio::awaitable<void> start_tls(std::shared_ptr<tls_context> context, std::string host, std::string label,
                                    int timeout_s);
    asio::awaitable<smtp_reply> read_reply(int timeout_s);
    asio::awaitable<void> write(std::string_view bytes, int timeout_s);  // content
    asio::awaitable<void> write_commands(std::string_view lines, int timeout_s);
    asio::awaitable<void> write_credentials(std::string_view bytes, std::string_view shown, int timeout_s);

    // Hears what is said from now on; an empty function ends that.
    void listen(wire_listener listener) { listener_ = std::move(listener); }
    void note(std::string_view text) const { tell(listener_, wire_speaker::note, text); }

    std::string remote_address() const;  // "192.0.2.1:587"; "" before there is a connection
    const std::optional<tls_facts>& tls() const noexcept { return tls_facts_; }
    // From now on start_tls accepts any certificate: for a look at one that cannot be trusted. Nothing is to be sent.
    void inspect_only() noexcept { inspects_only_ = true; }
    std::vector<certificate_facts> sent_chain() const;
    bool is_encrypted() const noexcept { return tls_ != nullptr; }
    smtp::channel_binding channel_binding(const std::string& wanted) const;  // none over a connection without TLS
    bool has_unread_bytes() const noexcept { return !unread_.empty(); }      // more than the reply that was read
    // A pooled connection that the server has closed, or said something on, is of no more use.
    bool is_alive();
    void close() noexcept;
    void cancel(std::string why);  // makes the wait under way fail with `why`
    // What its user waits for besides the server goes through this, so that cancel() ends that, too.
    wait_breaker& waits() noexcept { return waits_; }

private:
    class time_limit;
    struct address_race;
    void watch_deadline();
    asio::awaitable<std::size_t> read_some();
    bool is_given_up() const noexcept { return is_timed_out_ || waits_.is_broken_off(); }
    [[noreturn]] void throw_failure(const std::string& doing, const boost::system::error_code& code) const;

    asio::io_context& io_;
    asio::ip::tcp::socket socket_;
    // One timer for all waits: it is set anew only for an earlier deadline, or when it has gone off too early.
    asio::steady_timer timer_;
    asio::steady_timer::time_point deadline_ = asio::steady_timer::time_point::max();  // of the wait under way
    asio::steady_timer::time_point watched_until_ =
        asio::steady_timer::time_point::max();        // max = the timer is not set
    std::shared_ptr<smtp_connection*> watched_self_;  // for the timer's handler; null once this is destroyed
    std::shared_ptr<tls_context> tls_context_;
    tls_peer tls_peer_;
    std::unique_ptr<asio::ssl::stream<asio::ip::tcp::socket&>> tls_;
    std::string buffer_;
    std::string unread_;
    reply_parser parser_;
    wire_listener listener_;
    std::optional<tls_facts> tls_facts_;
    bool inspects_only_ = false;
    std::shared_ptr<address_race> race_;  // while it connects
    wait_breaker waits_;
    bool is_timed_out_ = false;
};

}  // namespace hawser::smtp
