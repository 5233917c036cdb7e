// One message on its way through the client: everything that was read from its context on a worker, and the delivery
// that gives its body and takes its outcome. Shared by the connection that serves it and by callbacks of the host.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "body_keeper.hpp"
#include "hawser/sdk/adapter.hpp"
#include "mail_composer.hpp"
#include "smtp_commands.hpp"
#include "smtp_settings.hpp"
#include "smtp_trouble.hpp"
#include "wire_line.hpp"

namespace hawser::smtp {

class smtp_transmission : public std::enable_shared_from_this<smtp_transmission> {
public:
    // Reads the context; throws hawser::failure. Then `handle` is this object's.
    smtp_transmission(boost::asio::io_context& io, delivery&& handle);
    ~smtp_transmission();
    smtp_transmission(const smtp_transmission&) = delete;
    smtp_transmission& operator=(const smtp_transmission&) = delete;

    boost::asio::io_context& io() const noexcept { return io_; }
    const delivery& handle() const noexcept { return *delivery_; }                        // until complete
    const std::string& port() const noexcept { return port_; }                            // the send port
    std::int64_t begin_before_unix_ms() const noexcept { return begin_before_unix_ms_; }  // 0 = any time
    const smtp_endpoint& endpoint() const noexcept { return endpoint_; }
    const envelope& mail() const noexcept { return envelope_; }
    const std::string& header_block() const noexcept { return header_block_; }
    content_kind kind() const noexcept { return kind_; }
    const status_request& status() const noexcept { return status_; }
    bool requires_tls() const noexcept { return requires_tls_; }             // by every server on the way (RFC 8689)
    std::size_t recipients_max() const noexcept { return recipients_max_; }  // in one transaction
    // What only a server with SMTPUTF8 can take, in words: the first such address; "" = nothing.
    const std::string& smtputf8_need() const noexcept { return smtputf8_need_; }
    recipient_ledger& recipients() noexcept { return *ledger_; }

    std::int64_t size() const;  // header block and body; -1 = not known
    // 0 = end; throws hawser::failure where the body broke off. On the I/O thread.
    boost::asio::awaitable<std::size_t> read_body(char* buffer, std::size_t capacity);
    bool has_begun_body() const noexcept { return has_begun_body_; }
    void keep_body();    // before it is read: it is wanted again
    void rewind_body();  // to its beginning, after keep_body() and its end
    // Makes the results so far durable; where that fails, a crash would send to these recipients again, and no more.
    boost::asio::awaitable<void> checkpoint();

    // Writes the dialogue to the host's log, where the port asks for that (WireTrace); else an empty function.
    wire_listener tracer();
    void report(const std::string& text) const;  // an error beside the outcome, to the log
    void count_sent() const;  // the server accepted the message in one transaction (spec section 2: counters)

    // Tells `interrupt` when the host cancels, from any thread, or at once where it has already. It may be told twice,
    // and must only post. An empty function takes it back.
    void set_interrupt(std::function<void()> interrupt);
    bool is_cancelled() const noexcept { return is_cancelled_; }
    void watch_cancel();                                       // once it is shared
    void complete(const outcome& result);                      // the first one counts
    bool is_completed() const noexcept { return !delivery_; }  // on the I/O thread, once it is shared

private:
    void read_entity_header(delivery& handle);
    void read_short_body(delivery& handle);
    std::int64_t read_start(delivery& handle);
    boost::asio::awaitable<std::size_t> read_delivery(char* buffer, std::size_t capacity);
    boost::asio::awaitable<void> wait_until_woken();
    template <typename Handler>
    static void post_to(void* self, Handler handler);
    static void on_checkpoint_done(void* self, hawser_status status) noexcept;
    static void on_body_ready(void* self) noexcept;
    static void on_cancel(void* self) noexcept;

    boost::asio::io_context& io_;
    std::optional<delivery> delivery_;
    std::string port_;
    std::int64_t begin_before_unix_ms_ = 0;
    smtp_endpoint endpoint_;
    envelope envelope_;
    std::string header_block_;
    std::string body_start_;  // read and checked before anything is connected
    std::size_t body_start_read_ = 0;
    std::unique_ptr<recipient_ledger> ledger_;
    boost::asio::steady_timer body_ready_;
    content_kind kind_ = content_kind::seven_bit;
    status_request status_;
    bool requires_tls_ = false;
    bool is_traced_ = false;
    std::string smtputf8_need_;
    std::size_t recipients_max_ = 0;
    std::unique_ptr<body_keeper> keeper_;
    bool reads_keeper_ = false;
    bool is_body_at_end_ = false;  // of the delivery's stream, which is not asked again
    bool is_checkpoint_done_ = false;
    bool has_begun_body_ = false;
    std::atomic<bool> is_cancelled_{false};
    std::mutex interrupt_mutex_;
    std::function<void()> interrupt_;
};

}  // namespace hawser::smtp
