#include "smtp_transaction.hpp"

#include <algorithm>
#include <chrono>

#include "dot_stuffer.hpp"
#include "wall_clock.hpp"

namespace hawser::smtp {
namespace {

constexpr std::size_t block_size = 64 * 1024;
constexpr std::size_t chunk_size = 256 * 1024;          // of BDAT (RFC 3030 section 4.2 asks for large ones)
constexpr std::int64_t chunked_size_min = 1024 * 1024;  // below, a round trip more costs more than the dots
constexpr std::size_t open_chunks_max = 4;              // with PIPELINING
constexpr std::size_t pipelined_recipients_max =
    1000;  // so that replies cannot fill both directions (RFC 2920 section 3.1)
constexpr std::chrono::seconds quick_answer{1};

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

// ---- Content ----

bool smtp_transaction::uses_chunks() const {
    return extensions_.has_chunking && (facts_.kind == content_kind::binary || facts_.size >= chunked_size_min);
}

// A body whose length nobody knew may turn out too long for the server while it is sent.
smtp_transaction::refusal smtp_transaction::count(std::size_t bytes) {
    sent_size_ += bytes;
    if (extensions_.size_max == 0 || sent_size_ <= extensions_.size_max) {
        return std::nullopt;
    }
    return end(message_too_large(session_.facts.server, sent_size_, extensions_.size_max));
}

// The content and the answer to it. nullopt: accepted for this transaction's recipients.
asio::awaitable<std::optional<outcome>> smtp_transaction::hand_over() {
    sent_size_ = 0;
    refusal refused_earlier;
    if (uses_chunks()) {
        refused_earlier = co_await send_chunks();
    } else {
        refused_earlier = co_await send_data();
    }
    if (refused_earlier) {
        co_return refused_earlier;
    }
    smtp_reply reply;
    std::string trouble;
    try {
        reply = co_await read_final_reply();
    } catch (const wire_failure& failed) {
        trouble = failed.what();
    }
    if (!trouble.empty()) {
        co_return end(final_reply_trouble(session_.facts.server, trouble));
    }
    if (reply.is_intermediate()) {
        co_return end(final_reply_trouble(session_.facts.server, "it answered \"" + reply.text() + '"'));
    }
    if (!reply.is_positive()) {
        is_usable_ = reply.code != 421 && open_chunks_ <= 1;
        const bool is_closed = !is_usable_;
        outcome result = refused("the message", reply);
        if (is_closed) {
            result = end(std::move(result));
        }
        co_return result;
    }
    for (const std::string& address : accepted_) {
        one_.recipients().accept(address, reply);
    }
    one_.count_sent();
    is_usable_ = true;
    co_return std::nullopt;
}

// The answer to the whole, or the first of a chunk before the last that is a refusal.
asio::awaitable<smtp_reply> smtp_transaction::read_final_reply() {
    const auto begin = std::chrono::steady_clock::now();
    smtp_reply reply = co_await connection_.read_reply(timeouts_.data_end);
    for (; open_chunks_ > 1 && reply.is_positive(); --open_chunks_) {
        reply = co_await connection_.read_reply(timeouts_.data_end);
    }
    is_answered_quickly_ = std::chrono::steady_clock::now() - begin < quick_answer;
    co_return reply;
}

asio::awaitable<smtp_transaction::refusal> smtp_transaction::send_content(std::string_view bytes) {
    try {
        audit_.content(bytes);
    } catch (const failure& wrong) {
        co_return end(audit_trouble(wrong.what()));
    }
    co_await connection_.write(bytes, timeouts_.data_block);
    co_return std::nullopt;
}

// Before the bytes that make the message the server's: what was sent must be in the archive.
asio::awaitable<smtp_transaction::refusal> smtp_transaction::settle_record(std::string_view last_content,
                                                                           const char* transfer) {
    std::string why_not;
    try {
        audit_.content(last_content);
        why_not = co_await audit_.hand_over(transfer, accepted_);
    } catch (const failure& wrong) {
        why_not = wrong.what();
    }
    if (!why_not.empty()) {
        co_return end(audit_trouble(why_not));
    }
    connection_.note(std::to_string(sent_size_) + " octets of the message sent by " + transfer);
    co_return std::nullopt;
}

// A short message needs no large block.
std::size_t smtp_transaction::block_capacity() const {
    return facts_.size >= 0 && facts_.size < static_cast<std::int64_t>(block_size)
               ? static_cast<std::size_t>(facts_.size) + 1
               : block_size;
}

// Header block, entity, final dot, and what may follow it. A body that fails leaves without the dot: the caller breaks
// the connection off.
asio::awaitable<smtp_transaction::refusal> smtp_transaction::send_data() {
    open_chunks_ = 0;
    dot_stuffer stuffer;
    std::string out;
    const std::size_t capacity = block_capacity();
    out.reserve(one_.header_block().size() + capacity + capacity / 8);
    std::string block(capacity, '\0');
    stuffer.write(one_.header_block(), out);
    refusal stopped = count(one_.header_block().size());
    while (!stopped) {
        const std::size_t size = co_await one_.read_body(block.data(), block.size());
        if (size == 0) {
            break;
        }
        stopped = count(size);
        stuffer.write(std::string_view(block).substr(0, size), out);
        if (!stopped && out.size() >= block_size) {
            stopped = co_await send_content(out);
            out.clear();
        }
    }
    if (stopped) {
        co_return stopped;
    }
    stuffer.finish(out);
    stopped = co_await settle_record(out, "DATA");
    if (!stopped) {
        out += left_.empty() ? next_() : "";
        co_await connection_.write(out, timeouts_.data_block);
    }
    co_return stopped;
}

// RFC 3030: whole chunks, the last of them marked. A body that fails leaves without the mark.
asio::awaitable<smtp_transaction::refusal> smtp_transaction::send_chunks() {
    open_chunks_ = 0;
    std::string chunk = one_.header_block();
    bool is_last = false;
    while (!is_last) {
        std::size_t filled = chunk.size();
        chunk.resize(std::max(chunk_size, filled));
        while (filled < chunk.size()) {
            const std::size_t size = co_await one_.read_body(chunk.data() + filled, chunk.size() - filled);
            if (size == 0) {
                is_last = true;
                break;
            }
            filled += size;
        }
        chunk.resize(filled);
        const refusal too_large = count(filled);
        if (too_large) {
            co_return too_large;
        }
        const std::string announced = "BDAT " + std::to_string(filled) + (is_last ? " LAST\r\n" : "\r\n");
        if (is_last) {
            const refusal stopped = co_await settle_record(chunk, "BDAT");
            if (stopped) {
                co_return stopped;
            }
        }
        co_await connection_.write_commands(announced, timeouts_.data_block);
        if (is_last) {
            co_await connection_.write(chunk, timeouts_.data_block);
        } else if (const refusal stopped = co_await send_content(chunk)) {
            co_return stopped;
        }
        ++open_chunks_;
        chunk.clear();
        if (!is_last) {
            const refusal refused = co_await take_chunk_replies(extensions_.has_pipelining ? open_chunks_max : 0);
            if (refused) {
                co_return refused;
            }
        }
    }
    co_return std::nullopt;
}

// Waits until at most so many chunks are unanswered.
asio::awaitable<smtp_transaction::refusal> smtp_transaction::take_chunk_replies(std::size_t open_max) {
    for (; open_chunks_ > open_max; --open_chunks_) {
        const smtp_reply reply = co_await connection_.read_reply(timeouts_.data_end);
        if (!reply.is_positive()) {
            co_return end(refused("BDAT", reply));  // further chunks may be under way: begin on another connection
        }
    }
    co_return std::nullopt;
}

}  // namespace hawser::smtp
