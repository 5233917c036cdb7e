#include "smtp_session.hpp"

#include <unistd.h>

#include "smtp_transaction.hpp"
#include "text.hpp"

namespace hawser::smtp {
namespace {

constexpr int quit_timeout_s = 5;

// The name by which we greet (RFC 5321 section 4.1.1.1).
std::string own_name() {
    char name[256] = {};
    if (::gethostname(name, sizeof name - 1) != 0 || name[0] == '\0') {
        return "[127.0.0.1]";
    }
    for (const char c : std::string_view(name)) {
        if (!is_alphanumeric(c) && c != '.' && c != '-') {
            return "[127.0.0.1]";
        }
    }
    return name;
}

}  // namespace

smtp_session::smtp_session(asio::io_context& io, const smtp_endpoint& endpoint, const smtp_timeouts& timeouts,
                           tls_contexts tls, smtp_services services)
    : endpoint_(endpoint), timeouts_(timeouts), tls_(std::move(tls)), services_(services), connection_(io) {
    facts_.server = endpoint_.label();
}

smtp_session::~smtp_session() = default;

outcome smtp_session::end(outcome result) {
    is_usable_ = false;
    connection_.close();
    return result;
}

// The server refused, but the dialogue is in step: even then it is ended by QUIT (RFC 5321 section 4.1.1.10).
asio::awaitable<outcome> smtp_session::leave(outcome result) {
    is_usable_ = true;
    try {
        co_await quit();
    } catch (const wire_failure&) {
        // It was to be closed anyway.
    }
    co_return end(std::move(result));
}

asio::awaitable<smtp_reply> smtp_session::command(std::string line) {
    line += "\r\n";
    co_await connection_.write_commands(line, timeouts_.command);
    co_return co_await connection_.read_reply(timeouts_.command);
}

// ---- Opening ----

asio::awaitable<std::optional<outcome>> smtp_session::open(wire_listener tracer) {
    std::string trouble;
    try {
        co_return co_await connect_and_agree(std::move(tracer));
    } catch (const tls_failure& failed) {
        co_return tls_trouble(endpoint_.label(), failed.what());
    } catch (const wire_failure& failed) {
        trouble = failed.what();
    }
    co_return connection_trouble(endpoint_.label(), trouble);
}

asio::awaitable<std::optional<outcome>> smtp_session::connect_and_agree(wire_listener tracer) {
    auto addresses =
        co_await services_.lookups.find(endpoint_.host, endpoint_.port, timeouts_.connect, connection_.waits());
    connection_.listen([this, tracer = std::move(tracer)](const wire_line& line) {
        facts_.opening.push_back(line);
        if (tracer) {
            tracer(line);
        }
    });
    co_await connection_.connect(std::move(addresses), timeouts_.connect);
    facts_.address = connection_.remote_address();
    std::optional<outcome> refused = co_await agree();
    facts_.tls = connection_.tls();
    connection_.listen({});
    is_usable_ = !refused;
    co_return refused;
}

// Everything from the greeting to the point where a message may be sent.
asio::awaitable<std::optional<outcome>> smtp_session::agree() {
    if (endpoint_.tls == tls_mode::implicit) {
        co_await connection_.start_tls(tls_.server, endpoint_.host, endpoint_.label(), timeouts_.command);
    }
    const smtp_reply greeting = co_await connection_.read_reply(timeouts_.greeting);
    if (greeting.code != 220) {
        co_return co_await leave(server_refusal(endpoint_.label(), "connection", greeting));
    }
    if (auto refused = co_await say_hello()) {
        co_return refused;
    }
    if (endpoint_.tls == tls_mode::starttls) {
        if (auto refused = co_await upgrade_to_tls()) {
            co_return refused;
        }
    }
    if (endpoint_.authenticates) {
        co_return co_await authenticate();
    }
    co_return std::nullopt;
}

asio::awaitable<std::optional<outcome>> smtp_session::say_hello() {
    smtp_reply reply = co_await command("EHLO " + own_name());
    extensions_ = {};
    const bool needs_extensions =
        (endpoint_.tls == tls_mode::starttls && !connection_.is_encrypted()) || endpoint_.authenticates;
    if (reply.is_permanent() && !needs_extensions) {  // an old server: RFC 5321 section 3.2
        reply = co_await command("HELO " + own_name());
    } else if (reply.is_positive()) {
        extensions_ = parse_extensions(reply);
    }
    if (!reply.is_positive()) {
        co_return co_await leave(server_refusal(endpoint_.label(), "EHLO", reply));
    }
    co_return std::nullopt;
}

asio::awaitable<std::optional<outcome>> smtp_session::upgrade_to_tls() {
    if (!extensions_.has_starttls) {
        co_return co_await leave(
            tls_trouble(endpoint_.label(), "the server does not offer STARTTLS, which the port requires"));
    }
    const smtp_reply reply = co_await command("STARTTLS");
    if (reply.code != 220) {
        co_return co_await leave(server_refusal(endpoint_.label(), "STARTTLS", reply));
    }
    if (connection_.has_unread_bytes()) {  // somebody put plain text before the encrypted part (RFC 3207 section 4.2)
        co_return end(tls_trouble(endpoint_.label(), "something was sent in clear text after the answer to STARTTLS"));
    }
    co_await connection_.start_tls(tls_.server, endpoint_.host, endpoint_.label(), timeouts_.command);
    co_return co_await say_hello();  // what was said in clear text does not count any more
}

asio::awaitable<std::optional<outcome>> smtp_session::authenticate() {
    smtp_authenticator authenticator(connection_, endpoint_, timeouts_, services_, tls_.token_endpoint);
    std::optional<outcome> refused = co_await authenticator.authenticate(extensions_);
    facts_.mechanism = authenticator.mechanism();
    facts_.user = endpoint_.username;
    if (refused) {
        co_return co_await leave(std::move(*refused));
    }
    co_return std::nullopt;
}

// ---- Transactions ----

std::unique_ptr<smtp_transaction> smtp_session::make_transaction(smtp_transmission& one) {
    return std::make_unique<smtp_transaction>(connection_, extensions_, timeouts_,
                                              smtp_transaction::session_use{facts_, has_transmitted_}, one);
}

// A server that takes its time over a message would hold up the next one, which others may be free to carry.
std::string smtp_session::begin_next(smtp_transmission* one) {
    if (one == nullptr) {
        return {};
    }
    next_ = make_transaction(*one);
    return next_->early_envelope();
}

asio::awaitable<outcome> smtp_session::transmit(smtp_transmission& one, next_transmission next) {
    is_usable_ = false;  // until it has ended well
    const std::unique_ptr<smtp_transaction> transaction = next_ ? std::move(next_) : make_transaction(one);
    has_transmitted_ = true;
    outcome result =
        co_await transaction->run([this, &next] { return is_answered_quickly_ ? begin_next(next()) : std::string{}; });
    is_usable_ = transaction->leaves_usable();
    is_answered_quickly_ = transaction->is_answered_quickly();
    co_return result;
}

asio::awaitable<void> smtp_session::quit() {
    if (is_usable_) {
        is_usable_ = false;
        co_await connection_.write_commands("QUIT\r\n", quit_timeout_s);
    }
    connection_.close();
}

}  // namespace hawser::smtp
