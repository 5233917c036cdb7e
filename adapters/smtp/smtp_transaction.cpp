#include "smtp_transaction.hpp"

#include <algorithm>

#include "wall_clock.hpp"

namespace hawser::smtp {
namespace {

constexpr std::size_t pipelined_recipients_max =
    1000;  // so that replies cannot fill both directions (RFC 2920 section 3.1)

}  // namespace

smtp_transaction::smtp_transaction(smtp_connection& connection, const smtp_extensions& extensions,
                                   const smtp_timeouts& timeouts, session_use session, smtp_transmission& one)
    : connection_(connection),
      extensions_(extensions),
      timeouts_(timeouts),
      session_(session),
      one_(one),
      tracer_(one.tracer()),
      audit_(one.io(), session.facts) {
    facts_.sender = one.mail().sender;
    facts_.size = one.size();
    facts_.kind = one.kind();
    facts_.needs_smtputf8 = !one.smtputf8_need().empty();
    facts_.requires_tls = one.requires_tls();
    facts_.status = one.status();
    left_ = one.recipients().open();
    batch_size_max_ = one.recipients_max();
    if (extensions_.recipients_max > 0) {
        batch_size_max_ = std::min<std::size_t>(batch_size_max_, extensions_.recipients_max);
    }
}

outcome smtp_transaction::end(outcome result) {
    is_usable_ = false;
    connection_.close();
    return result;
}

outcome smtp_transaction::refused(const std::string& step, const smtp_reply& reply) const {
    return delayed(message_refusal(session_.facts.server, step, reply), wait_before_retry(reply), unix_ms_now());
}

outcome smtp_transaction::settled() const {
    return delayed(one_.recipients().settle(session_.facts.server), one_.recipients().wait_before_retry(),
                   unix_ms_now());
}

// What the message needs and the server does not have; nothing of it is sent then.
smtp_transaction::refusal smtp_transaction::check_offers() const {
    if (facts_.requires_tls && !(connection_.is_encrypted() && extensions_.has_requiretls)) {
        return requiretls_not_possible(session_.facts.server);
    }
    if (facts_.needs_smtputf8 && !extensions_.has_smtputf8) {
        return extension_missing(session_.facts.server, "SMTPUTF8", one_.smtputf8_need(), "5.6.7");
    }
    if (facts_.kind == content_kind::eight_bit && !extensions_.has_8bitmime) {
        return extension_missing(session_.facts.server, "8BITMIME", "the body", "5.6.3");
    }
    if (facts_.kind == content_kind::binary && !(extensions_.has_binarymime && extensions_.has_chunking)) {
        return extension_missing(session_.facts.server, "BINARYMIME", "the body", "5.6.3");
    }
    if (extensions_.size_max > 0 && facts_.size > static_cast<std::int64_t>(extensions_.size_max)) {
        return message_too_large(session_.facts.server, static_cast<std::uint64_t>(facts_.size), extensions_.size_max);
    }
    return std::nullopt;
}

smtp_transaction::~smtp_transaction() { connection_.listen({}); }

std::string smtp_transaction::early_envelope() {
    const bool may_go_along = extensions_.has_pipelining && !tracer_ && left_.size() <= batch_size_max_ &&
                              left_.size() <= pipelined_recipients_max && !check_offers();
    if (!may_go_along) {
        return {};
    }
    take_batch();
    is_begun_ = !open_record();
    if (!is_begun_) {  // run() tries again, and says why
        left_ = std::move(batch_);
        return {};
    }
    is_envelope_sent_ = !audit_.is_recording();  // else the record would hear the answers to the message before
    return is_envelope_sent_ ? envelope_commands() : std::string{};
}

asio::awaitable<outcome> smtp_transaction::run(follow_up next) {
    next_ = std::move(next);
    const refusal missing = check_offers();
    if (missing) {
        is_usable_ = true;
        co_return *missing;
    }
    while (true) {
        refusal stopped = begin_batch();
        if (stopped) {
            is_usable_ = true;
            co_return *stopped;
        }
        listen();
        std::exception_ptr broken;
        try {
            stopped = co_await run_batch();
        } catch (const std::exception&) {
            broken = std::current_exception();
        }
        co_await finish_record(stopped, broken);
        if (broken) {
            std::rethrow_exception(broken);
        }
        if (stopped || left_.empty()) {
            co_return stopped ? *stopped : settled();
        }
        if (!accepted_.empty()) {
            co_await one_.checkpoint();
            one_.rewind_body();
        }
    }
}

void smtp_transaction::take_batch() {
    const auto end = left_.begin() + static_cast<std::ptrdiff_t>(std::min(batch_size_max_, left_.size()));
    batch_.assign(left_.begin(), end);
    left_.erase(left_.begin(), end);
    accepted_.clear();
}

smtp_transaction::refusal smtp_transaction::begin_batch() {
    if (std::exchange(is_begun_, false)) {
        return std::nullopt;
    }
    take_batch();
    return open_record();
}

// One transaction. nullopt: what its recipients were told is in the ledger, and the next one may follow.
asio::awaitable<smtp_transaction::refusal> smtp_transaction::run_batch() {
    refusal refused = co_await send_envelope();
    if (!refused && !accepted_.empty()) {
        if (!left_.empty()) {
            one_.keep_body();
        }
        co_return co_await hand_over();
    }
    is_usable_ = connection_.is_alive();
    if (is_usable_) {
        co_await reset();
    }
    if (!refused && !is_usable_) {
        refused = settled();
    }
    co_return refused;
}

// ---- What is recorded ----

smtp_transaction::refusal smtp_transaction::open_record() {
    try {
        audit_.begin(one_.handle(), facts_.sender, batch_);
    } catch (const failure& wrong) {
        return audit_trouble(wrong.what());
    }
    return std::nullopt;
}

void smtp_transaction::listen() {
    if (tracer_ || audit_.is_recording()) {
        connection_.listen([this](const wire_line& line) {
            audit_.hear(line);
            if (tracer_) {
                tracer_(line);
            }
        });
    }
}

asio::awaitable<void> smtp_transaction::finish_record(const refusal& stopped, std::exception_ptr broken) {
    std::string code = stopped ? stopped->code : accepted_.empty() ? "smtp.recipient-refused" : "smtp.accepted";
    std::string text = stopped ? stopped->text : "";
    if (broken) {
        code = "smtp.broken-off";
        try {
            std::rethrow_exception(broken);
        } catch (const std::exception& what) {
            text = what.what();
        }
    }
    const std::string why_not = co_await audit_.finish(code, text);
    if (!why_not.empty()) {  // what the server took cannot be taken back; the archive refuses the next message
        one_.report("the answer of " + session_.facts.server + " is not in the audit archive yet: " + why_not);
    }
}

// ---- Envelope ----

asio::awaitable<smtp_reply> smtp_transaction::command(std::string line) {
    line += "\r\n";
    co_await connection_.write_commands(line, timeouts_.command);
    co_return co_await connection_.read_reply(timeouts_.command);
}

smtp_transaction::refusal smtp_transaction::take_mail_reply(const smtp_reply& reply) {
    if (reply.is_positive()) {
        return std::nullopt;
    }
    if (reply.code == 421 && session_.is_reused && !one_.has_begun_body()) {
        throw wire_failure("the server closed the connection while it was idle");  // no failure of this message
    }
    outcome result = refused("MAIL", reply);
    return reply.code == 421 ? end(std::move(result)) : std::move(result);
}

smtp_transaction::refusal smtp_transaction::take_recipient_reply(const std::string& address, const smtp_reply& reply) {
    if (reply.is_positive()) {
        accepted_.push_back(address);
        return std::nullopt;
    }
    if (is_too_many_recipients(reply) && !accepted_.empty()) {
        left_.push_back(address);
        batch_size_max_ = accepted_.size();
        return std::nullopt;
    }
    one_.recipients().refuse(address, reply);
    return reply.code == 421 ? std::optional(end(refused("RCPT", reply))) : std::nullopt;
}

smtp_transaction::refusal smtp_transaction::take_data_reply(const smtp_reply& reply) {
    if (reply.code == 354) {
        return std::nullopt;
    }
    outcome result = refused("DATA", reply);
    return reply.code == 421 || reply.is_positive() ? end(std::move(result)) : std::move(result);
}

// With one recipient DATA may go along: if it is refused, a 354 can still be answered by giving the connection up.
bool smtp_transaction::sends_data_early() const { return batch_.size() == 1 && !uses_chunks(); }

// MAIL and all RCPT in one write (RFC 2920); otherwise DATA follows only when somebody was accepted.
std::string smtp_transaction::envelope_commands() const {
    std::string commands = mail_command(facts_, extensions_) + "\r\n";
    for (const std::string& address : batch_) {
        commands += recipient_command(address, facts_, extensions_) + "\r\n";
    }
    commands += sends_data_early() ? "DATA\r\n" : "";
    return commands;
}

asio::awaitable<smtp_transaction::refusal> smtp_transaction::send_envelope() {
    if (std::exchange(is_envelope_sent_, false)) {
        co_return co_await read_envelope_replies();
    }
    if (!extensions_.has_pipelining || batch_.size() > pipelined_recipients_max) {
        co_return co_await send_envelope_stepwise();
    }
    co_await connection_.write_commands(envelope_commands(), timeouts_.command);
    co_return co_await read_envelope_replies();
}

asio::awaitable<smtp_transaction::refusal> smtp_transaction::read_envelope_replies() {
    const smtp_reply mail = co_await connection_.read_reply(timeouts_.command);
    refusal refused = take_mail_reply(mail);
    if (refused && mail.code == 421) {
        co_return refused;
    }
    for (const std::string& address : batch_) {
        const smtp_reply reply = co_await connection_.read_reply(timeouts_.command);
        if (!refused) {
            refused = take_recipient_reply(address, reply);
        }
        if (reply.code == 421) {
            co_return refused;
        }
    }
    std::optional<smtp_reply> data;
    if (sends_data_early()) {
        data = co_await connection_.read_reply(timeouts_.data_start);
    }
    if (refused || accepted_.empty()) {
        if (data && data->code == 354) {
            end({});  // an empty message must not be sent to nobody: break off instead of a dot
        }
        co_return refused;
    }
    if (uses_chunks()) {
        co_return std::nullopt;
    }
    if (!data) {
        data = co_await command("DATA");
    }
    co_return take_data_reply(*data);
}

asio::awaitable<smtp_transaction::refusal> smtp_transaction::send_envelope_stepwise() {
    const smtp_reply mail = co_await command(mail_command(facts_, extensions_));
    const refusal refused = take_mail_reply(mail);
    if (refused) {
        co_return refused;
    }
    for (const std::string& address : batch_) {
        const smtp_reply reply = co_await command(recipient_command(address, facts_, extensions_));
        const refusal broken_off = take_recipient_reply(address, reply);
        if (broken_off) {
            co_return broken_off;
        }
    }
    if (accepted_.empty() || uses_chunks()) {
        co_return std::nullopt;
    }
    const smtp_reply data = co_await command("DATA");
    co_return take_data_reply(data);
}

asio::awaitable<void> smtp_transaction::reset() {
    const smtp_reply reply = co_await command("RSET");
    is_usable_ = reply.is_positive();
    if (!is_usable_) {
        connection_.close();
    }
}

}  // namespace hawser::smtp
