#include "smtp_connection.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <optional>
#include <vector>

#include "address_order.hpp"
#include "smtp_channel_binding.hpp"

namespace hawser::smtp {
namespace {

constexpr std::size_t read_buffer_size = 4096;
constexpr std::chrono::milliseconds address_delay{250};  // RFC 8305 section 8

auto with(boost::system::error_code& code) { return asio::redirect_error(asio::use_awaitable, code); }

}  // namespace

// Attempts to connect that are under way at once. Its handlers keep it alive; all on the I/O thread.
struct smtp_connection::address_race : std::enable_shared_from_this<address_race> {
    explicit address_race(asio::io_context& its_io) : io(its_io), wake(its_io) {}

    void begin(const asio::ip::tcp::endpoint& address) {
        attempts.push_back(std::make_unique<asio::ip::tcp::socket>(io));
        ++open_count;
        attempts.back()->async_connect(
            address, [self = shared_from_this(), index = attempts.size() - 1](const boost::system::error_code& code) {
                --self->open_count;
                if (code) {
                    self->last = code;
                } else if (!self->winner) {
                    self->winner = index;
                }
                self->wake.expires_at(std::chrono::steady_clock::time_point::min());
            });
    }
    void close() noexcept {
        boost::system::error_code ignored;
        for (const auto& attempt : attempts) {
            attempt->close(ignored);
        }
        wake.expires_at(std::chrono::steady_clock::time_point::min());
    }

    asio::io_context& io;
    asio::steady_timer wake;
    std::vector<std::unique_ptr<asio::ip::tcp::socket>> attempts;
    std::size_t open_count = 0;
    std::optional<std::size_t> winner;
    boost::system::error_code last = asio::error::host_unreachable;
};

// Closes the socket when the time is over, which makes the operation under way fail.
class smtp_connection::time_limit {
public:
    time_limit(smtp_connection& owner, int seconds) : owner_(owner) {
        owner_.deadline_ = asio::steady_timer::clock_type::now() + std::chrono::seconds(seconds);
        owner_.watch_deadline();
    }
    ~time_limit() { owner_.deadline_ = asio::steady_timer::time_point::max(); }
    time_limit(const time_limit&) = delete;
    time_limit& operator=(const time_limit&) = delete;

private:
    smtp_connection& owner_;
};

void smtp_connection::watch_deadline() {
    if (watched_until_ <= deadline_) {
        return;
    }
    watched_until_ = deadline_;
    timer_.expires_at(deadline_);
    timer_.async_wait([weak = std::weak_ptr<smtp_connection*>(watched_self_)](const boost::system::error_code& code) {
        const auto self = weak.lock();
        if (code || !self) {
            return;
        }
        smtp_connection& owner = **self;
        owner.watched_until_ = asio::steady_timer::time_point::max();
        if (asio::steady_timer::clock_type::now() >= owner.deadline_) {
            owner.is_timed_out_ = true;
            owner.close();
        } else if (owner.deadline_ != asio::steady_timer::time_point::max()) {
            owner.watch_deadline();
        }
    });
}

smtp_connection::smtp_connection(asio::io_context& io)
    : io_(io),
      socket_(io),
      timer_(io),
      watched_self_(std::make_shared<smtp_connection*>(this)),
      buffer_(read_buffer_size, '\0') {}

smtp_connection::~smtp_connection() {
    watched_self_.reset();
    close();
}

void smtp_connection::close() noexcept {
    if (tls_) {  // SMTP has its own end; without this OpenSSL would not resume the session of what looks cut off
        SSL_set_shutdown(tls_->native_handle(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    }
    boost::system::error_code ignored;
    socket_.close(ignored);
    if (race_) {
        race_->close();
    }
}

void smtp_connection::cancel(std::string why) {
    waits_.break_off(std::move(why));
    close();
}

void smtp_connection::throw_failure(const std::string& doing, const boost::system::error_code& code) const {
    const bool is_closed = code == asio::error::eof || code == asio::ssl::error::stream_truncated;
    const std::string what = waits_.is_broken_off() ? waits_.why()
                             : is_timed_out_        ? "no answer in time while " + doing
                             : is_closed            ? "the server closed the connection while " + doing
                                                    : doing + " failed: " + code.message();
    note(what);
    throw wire_failure(what);
}

asio::awaitable<void> smtp_connection::connect(asio::ip::tcp::resolver::results_type addresses, int timeout_s) {
    const time_limit limit(*this, timeout_s);
    std::vector<asio::ip::tcp::endpoint> found;
    for (const auto& address : addresses) {
        found.push_back(address.endpoint());
    }
    const auto order = by_turns(found, [](const asio::ip::tcp::endpoint& one) { return one.protocol().family(); });
    const auto race = std::make_shared<address_race>(io_);
    race_ = race;
    std::size_t next = 0;
    while (!race->winner && !is_given_up() && (next < order.size() || race->open_count > 0)) {
        if (next < order.size()) {
            race->begin(order[next++]);
        }
        race->wake.expires_after(next < order.size() ? address_delay : std::chrono::seconds(timeout_s));
        boost::system::error_code woken;
        co_await race->wake.async_wait(with(woken));
    }
    race_.reset();
    if (race->winner && !is_given_up()) {
        socket_ = std::move(*race->attempts[*race->winner]);
        boost::system::error_code ignored;
        socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
        note("connected to " + remote_address());
    }
    race->close();
    if (!race->winner || is_given_up()) {
        throw_failure("connecting", race->last);
    }
}

asio::awaitable<void> smtp_connection::start_tls(std::shared_ptr<tls_context> context, std::string host,
                                                 std::string label, int timeout_s) {
    const time_limit limit(*this, timeout_s);
    tls_context_ = std::move(context);
    tls_peer_.name = std::move(label);
    auto tls = std::make_unique<asio::ssl::stream<asio::ip::tcp::socket&>>(socket_, tls_context_->native());
    SSL* handle = tls->native_handle();
    tls_context_->prepare(handle, tls_peer_, host);
    if (inspects_only_) {
        SSL_set_verify(handle, SSL_VERIFY_NONE, nullptr);
    }
    boost::system::error_code code;
    co_await tls->async_handshake(asio::ssl::stream_base::client, with(code));
    if (code) {
        const long verified = SSL_get_verify_result(handle);
        if (verified != X509_V_OK) {
            throw tls_failure("its certificate cannot be trusted for \"" + host + "\" (" +
                              X509_verify_cert_error_string(verified) + ')');
        }
        if (is_given_up() || code == asio::error::eof || code == asio::ssl::error::stream_truncated) {
            throw_failure("agreeing on TLS", code);
        }
        throw tls_failure("TLS could not be agreed on (" + code.message() + ')');
    }
    tls_facts_ = facts_of(handle);
    note("TLS: " + in_words(*tls_facts_));
    if (const std::string wrong = inspects_only_ ? "" : tls_context_->check(handle, tls_peer_); !wrong.empty()) {
        throw tls_failure(wrong);
    }
    tls_ = std::move(tls);
}

std::vector<certificate_facts> smtp_connection::sent_chain() const {
    return tls_ ? sent_chain_of(tls_->native_handle()) : std::vector<certificate_facts>{};
}

std::string smtp_connection::remote_address() const {
    boost::system::error_code failed;
    const auto peer = socket_.remote_endpoint(failed);
    if (failed) {
        return {};
    }
    const std::string address = peer.address().to_string();
    return (peer.address().is_v6() ? '[' + address + ']' : address) + ':' + std::to_string(peer.port());
}

asio::awaitable<std::size_t> smtp_connection::read_some() {
    boost::system::error_code code;
    const auto into = asio::buffer(buffer_.data(), buffer_.size());
    std::size_t size = 0;
    if (tls_) {
        size = co_await tls_->async_read_some(into, with(code));
    } else {
        size = co_await socket_.async_read_some(into, with(code));
    }
    if (code) {
        throw_failure("waiting for a reply", code);
    }
    co_return size;
}

asio::awaitable<smtp_reply> smtp_connection::read_reply(int timeout_s) {
    const time_limit limit(*this, timeout_s);
    while (true) {
        if (unread_.empty()) {
            const std::size_t size = co_await read_some();
            unread_.assign(buffer_, 0, size);
        }
        std::size_t taken = 0;
        const reply_parser::state state = parser_.feed(unread_, taken);
        unread_.erase(0, taken);
        if (state == reply_parser::state::complete) {
            smtp_reply reply = parser_.take_reply();
            tell_reply(listener_, reply);
            co_return reply;
        }
        if (state == reply_parser::state::broken) {
            close();
            throw wire_failure(parser_.problem());
        }
    }
}

asio::awaitable<void> smtp_connection::write(std::string_view bytes, int timeout_s) {
    const time_limit limit(*this, timeout_s);
    boost::system::error_code code;
    const auto from = asio::buffer(bytes.data(), bytes.size());
    if (tls_) {
        co_await asio::async_write(*tls_, from, with(code));
    } else {
        co_await asio::async_write(socket_, from, with(code));
    }
    if (code) {
        throw_failure("sending", code);
    }
}

asio::awaitable<void> smtp_connection::write_commands(std::string_view lines, int timeout_s) {
    tell_commands(listener_, lines);
    co_await write(lines, timeout_s);
}

asio::awaitable<void> smtp_connection::write_credentials(std::string_view bytes, std::string_view shown,
                                                         int timeout_s) {
    tell(listener_, wire_speaker::client, shown);
    co_await write(bytes, timeout_s);
}

channel_binding smtp_connection::channel_binding(const std::string& wanted) const {
    return tls_ ? channel_binding_of(tls_->native_handle(), wanted) : smtp::channel_binding{};
}

bool smtp_connection::is_alive() {
    if (!socket_.is_open() || !unread_.empty()) {
        return false;
    }
    char byte = 0;
    const ssize_t size = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    // Over TLS a session ticket may be waiting; only the end of the stream is a sign of death there.
    return tls_ ? size != 0 : size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

}  // namespace hawser::smtp
