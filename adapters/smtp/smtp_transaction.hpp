// The transactions that carry one message over a session: MAIL, RCPT, then DATA or BDAT, and again for the recipients
// that one transaction does not take. What each recipient was told goes into the message's ledger. Used by one
// coroutine; throws wire_failure, after which the connection is of no more use.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "smtp_commands.hpp"
#include "smtp_connection.hpp"
#include "smtp_extensions.hpp"
#include "smtp_settings.hpp"
#include "smtp_transmission.hpp"
#include "transaction_audit.hpp"
#include "wire_line.hpp"

namespace hawser::smtp {

class smtp_transaction {
public:
    struct session_use {
        const session_facts& facts;
        bool is_reused = false;
    };
    smtp_transaction(smtp_connection& connection, const smtp_extensions& extensions, const smtp_timeouts& timeouts,
                     session_use session, smtp_transmission& one);
    ~smtp_transaction();
    smtp_transaction(const smtp_transaction&) = delete;
    smtp_transaction& operator=(const smtp_transaction&) = delete;

    // Commands that may go along with the end of the content (RFC 2920 section 3.1); "" = none. Asked at most once.
    using follow_up = std::function<std::string()>;

    // What run() would send first, to go behind the content of the message before this one instead: run() then begins
    // with the replies. "" = it has to wait for its turn. Nothing of the body is read. At most once, before run().
    std::string early_envelope();

    // The outcome is for the recipients still open. A failure before the message was handed over for the last time is
    // thrown; one while its answer is awaited is an outcome, because it may have been accepted.
    asio::awaitable<outcome> run(follow_up next);
    bool leaves_usable() const noexcept { return is_usable_; }
    // The server answered the content at once: who is sent the next message with it loses no time there.
    bool is_answered_quickly() const noexcept { return is_answered_quickly_; }

private:
    using refusal = std::optional<outcome>;
    refusal check_offers() const;
    void take_batch();
    refusal begin_batch();
    refusal open_record();
    void listen();
    asio::awaitable<void> finish_record(const refusal& stopped, std::exception_ptr broken);
    asio::awaitable<refusal> run_batch();
    asio::awaitable<smtp_reply> command(std::string line);
    std::string envelope_commands() const;
    bool sends_data_early() const;
    asio::awaitable<refusal> send_envelope();
    asio::awaitable<refusal> read_envelope_replies();
    asio::awaitable<refusal> send_envelope_stepwise();
    asio::awaitable<std::optional<outcome>> hand_over();
    asio::awaitable<smtp_reply> read_final_reply();
    refusal take_mail_reply(const smtp_reply& reply);
    refusal take_recipient_reply(const std::string& address, const smtp_reply& reply);
    refusal take_data_reply(const smtp_reply& reply);
    bool uses_chunks() const;
    asio::awaitable<refusal> send_data();
    asio::awaitable<refusal> send_chunks();
    asio::awaitable<refusal> take_chunk_replies(std::size_t open_max);
    std::size_t block_capacity() const;
    refusal count(std::size_t bytes);
    asio::awaitable<refusal> send_content(std::string_view bytes);
    asio::awaitable<refusal> settle_record(std::string_view last_content, const char* transfer);
    asio::awaitable<void> reset();
    outcome refused(const std::string& step, const smtp_reply& reply) const;
    outcome settled() const;
    outcome end(outcome result);  // after which the connection is given up

    smtp_connection& connection_;
    const smtp_extensions& extensions_;
    const smtp_timeouts& timeouts_;
    const session_use session_;
    smtp_transmission& one_;
    const wire_listener tracer_;
    transaction_audit audit_;
    mail_facts facts_;
    std::vector<std::string> left_;      // recipients that no transaction has had yet
    std::vector<std::string> batch_;     // those of this transaction
    std::vector<std::string> accepted_;  // of them
    std::size_t batch_size_max_ = 0;
    std::uint64_t sent_size_ = 0;
    std::size_t open_chunks_ = 0;  // BDAT commands that were not answered yet
    follow_up next_;
    bool is_begun_ = false;          // the batch is taken and its record open
    bool is_envelope_sent_ = false;  // by whoever asked for early_envelope()
    bool is_answered_quickly_ = false;
    bool is_usable_ = false;
};

}  // namespace hawser::smtp
