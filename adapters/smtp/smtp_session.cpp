#include "smtp_session.hpp"

#include <unistd.h>

#include "dot_stuffer.hpp"
#include "text.hpp"

namespace hawser::smtp {
namespace {

constexpr std::size_t block_size = 64 * 1024;
constexpr std::size_t pipelined_recipients_max =
    1000;  // so that replies cannot fill both directions (RFC 2920 section 3.1)
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
    : endpoint_(endpoint), timeouts_(timeouts), tls_(std::move(tls)), services_(services), connection_(io) {}

outcome smtp_session::end(outcome result) {
    is_usable_ = false;
    connection_.close();
    return result;
}

asio::awaitable<smtp_reply> smtp_session::command(std::string line) {
    line += "\r\n";
    co_await connection_.write(line, timeouts_.command);
    co_return co_await connection_.read_reply(timeouts_.command);
}

// ---- Opening ----

asio::awaitable<std::optional<outcome>> smtp_session::open(asio::ip::tcp::resolver::results_type addresses) {
    co_await connection_.connect(std::move(addresses), timeouts_.connect);
    if (endpoint_.tls == tls_mode::implicit) {
        co_await connection_.start_tls(tls_.server, endpoint_.host, endpoint_.label(), timeouts_.command);
    }
    const smtp_reply greeting = co_await connection_.read_reply(timeouts_.greeting);
    if (greeting.code != 220) {
        co_return end(server_refusal(endpoint_.label(), "connection", greeting));
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
        if (auto refused = co_await authenticate()) {
            co_return refused;
        }
    }
    is_usable_ = true;
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
        co_return end(server_refusal(endpoint_.label(), "EHLO", reply));
    }
    co_return std::nullopt;
}

asio::awaitable<std::optional<outcome>> smtp_session::upgrade_to_tls() {
    if (!extensions_.has_starttls) {
        co_return end(tls_trouble(endpoint_.label(), "the server does not offer STARTTLS, which the port requires"));
    }
    const smtp_reply reply = co_await command("STARTTLS");
    if (reply.code != 220) {
        co_return end(server_refusal(endpoint_.label(), "STARTTLS", reply));
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
    if (refused) {
        co_return end(std::move(*refused));
    }
    co_return std::nullopt;
}

// ---- Transactions ----

std::string smtp_session::mail_command(const smtp_transmission& one) const {
    std::string line = "MAIL FROM:<" + one.mail().sender + '>';
    if (extensions_.has_size && one.size() >= 0) {
        line += " SIZE=" + std::to_string(one.size());
    }
    if (one.is_8bit()) {
        line += " BODY=8BITMIME";
    }
    if (one.requires_tls()) {
        line += " REQUIRETLS";
    }
    return line;
}

std::string smtp_session::recipient_command(const smtp_transmission& one, const std::string& address) const {
    std::string line = "RCPT TO:<" + address + '>';
    if (one.wants_delivery_receipt() && extensions_.has_dsn) {
        line += " NOTIFY=SUCCESS,FAILURE";
    }
    return line;
}

// MAIL and all RCPT in one write (RFC 2920); DATA follows only when somebody was accepted.
asio::awaitable<std::optional<outcome>> smtp_session::send_envelope(smtp_transmission& one,
                                                                    std::vector<std::string>& accepted) {
    const std::vector<std::string> open = one.recipients().open();
    if (!extensions_.has_pipelining || open.size() > pipelined_recipients_max) {
        co_return co_await send_envelope_stepwise(one, open, accepted);
    }
    // With one recipient DATA may go along: if it is refused, a 354 can still be answered by giving the connection up.
    const bool sends_data = open.size() == 1;
    std::string commands = mail_command(one) + "\r\n";
    for (const std::string& address : open) {
        commands += recipient_command(one, address) + "\r\n";
    }
    commands += sends_data ? "DATA\r\n" : "";
    co_await connection_.write(commands, timeouts_.command);
    const smtp_reply mail = co_await connection_.read_reply(timeouts_.command);
    for (const std::string& address : open) {
        const smtp_reply reply = co_await connection_.read_reply(timeouts_.command);
        if (mail.is_positive() && reply.is_positive()) {
            accepted.push_back(address);
        } else if (mail.is_positive()) {
            one.recipients().refuse(address, reply);
            if (reply.code == 421) {
                co_return end(message_refusal(endpoint_.label(), "RCPT", reply));
            }
        }
    }
    std::optional<smtp_reply> data;
    if (sends_data) {
        data = co_await connection_.read_reply(timeouts_.data_start);
    }
    if (!mail.is_positive()) {
        outcome refused = message_refusal(endpoint_.label(), "MAIL", mail);
        co_return (data && data->code == 354) || mail.code == 421 ? end(refused) : refused;
    }
    if (accepted.empty()) {
        if (data && data->code == 354) {
            end({});  // an empty message must not be sent to nobody: break off instead of a dot
        }
        co_return std::nullopt;
    }
    if (!data) {
        data = co_await command("DATA");
    }
    if (data->code != 354) {
        outcome refused = message_refusal(endpoint_.label(), "DATA", *data);
        co_return data->code == 421 || data->is_positive() ? end(refused) : refused;
    }
    co_return std::nullopt;
}

asio::awaitable<std::optional<outcome>> smtp_session::send_envelope_stepwise(smtp_transmission& one,
                                                                             const std::vector<std::string>& open,
                                                                             std::vector<std::string>& accepted) {
    const smtp_reply mail = co_await command(mail_command(one));
    if (!mail.is_positive()) {
        outcome refused = message_refusal(endpoint_.label(), "MAIL", mail);
        co_return mail.code == 421 ? end(refused) : refused;
    }
    for (const std::string& address : open) {
        const smtp_reply reply = co_await command(recipient_command(one, address));
        if (reply.is_positive()) {
            accepted.push_back(address);
            continue;
        }
        one.recipients().refuse(address, reply);
        if (reply.code == 421) {
            co_return end(message_refusal(endpoint_.label(), "RCPT", reply));
        }
    }
    if (accepted.empty()) {
        co_return std::nullopt;
    }
    const smtp_reply data = co_await command("DATA");
    if (data.code != 354) {
        outcome refused = message_refusal(endpoint_.label(), "DATA", data);
        co_return data.code == 421 || data.is_positive() ? end(refused) : refused;
    }
    co_return std::nullopt;
}

// Header block, entity and final dot. A body that fails leaves without the dot: the caller breaks the connection off.
asio::awaitable<void> smtp_session::send_content(smtp_transmission& one) {
    dot_stuffer stuffer;
    std::string out;
    out.reserve(block_size + block_size / 8);
    std::string block(block_size, '\0');
    stuffer.write(one.header_block(), out);
    while (true) {
        const std::size_t size = co_await one.read_body(block.data(), block.size());
        if (size == 0) {
            break;
        }
        stuffer.write(std::string_view(block).substr(0, size), out);
        if (out.size() >= block_size) {
            co_await connection_.write(out, timeouts_.data_block);
            out.clear();
        }
    }
    stuffer.finish(out);
    co_await connection_.write(out, timeouts_.data_block);
}

asio::awaitable<void> smtp_session::reset() {
    const smtp_reply reply = co_await command("RSET");
    if (!reply.is_positive()) {
        end({});
    }
}

asio::awaitable<outcome> smtp_session::transmit(smtp_transmission& one) {
    is_usable_ = false;  // until this transaction has ended well
    if (one.is_8bit() && !extensions_.has_8bitmime) {
        is_usable_ = true;
        outcome refused =
            message_refusal(endpoint_.label(), "EHLO", {555, {"8BITMIME is not offered, and the message needs it"}});
        co_return refused;
    }
    if (extensions_.size_max > 0 && one.size() > static_cast<std::int64_t>(extensions_.size_max)) {
        is_usable_ = true;
        co_return message_too_large(endpoint_.label(), static_cast<std::uint64_t>(one.size()), extensions_.size_max);
    }
    if (one.requires_tls() && !(connection_.is_encrypted() && extensions_.has_requiretls)) {
        is_usable_ = true;
        co_return requiretls_not_possible(endpoint_.label());
    }
    std::vector<std::string> accepted;
    std::optional<outcome> refused = co_await send_envelope(one, accepted);
    if (refused || accepted.empty()) {
        const bool is_closed = !connection_.is_alive();
        if (!is_closed) {
            co_await reset();
            is_usable_ = connection_.is_alive();
        }
        co_return refused ? *refused : one.recipients().settle(endpoint_.label());
    }
    co_await send_content(one);
    smtp_reply final_reply;
    std::string trouble;
    try {
        final_reply = co_await connection_.read_reply(timeouts_.data_end);
    } catch (const wire_failure& failed) {
        trouble = failed.what();
    }
    if (!trouble.empty()) {
        co_return end(final_reply_trouble(endpoint_.label(), trouble));
    }
    if (!final_reply.is_positive()) {
        is_usable_ = final_reply.code != 421;
        if (final_reply.is_intermediate()) {
            co_return end(final_reply_trouble(endpoint_.label(), "it answered \"" + final_reply.text() + '"'));
        }
        co_return message_refusal(endpoint_.label(), "the message", final_reply);
    }
    for (const std::string& address : accepted) {
        one.recipients().accept(address, final_reply);
    }
    is_usable_ = true;
    co_return one.recipients().settle(endpoint_.label());
}

asio::awaitable<void> smtp_session::quit() {
    if (is_usable_) {
        is_usable_ = false;
        co_await connection_.write("QUIT\r\n", quit_timeout_s);
    }
    connection_.close();
}

}  // namespace hawser::smtp
