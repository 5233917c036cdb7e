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

#include "hawser/sdk/adapter.hpp"
#include "mail_composer.hpp"
#include "smtp_settings.hpp"
#include "smtp_trouble.hpp"

namespace hawser::smtp {

class smtp_transmission : public std::enable_shared_from_this<smtp_transmission> {
public:
    // Reads the context; throws hawser::failure. Then `handle` is this object's.
    smtp_transmission(boost::asio::io_context& io, delivery&& handle);

    const smtp_endpoint& endpoint() const noexcept { return endpoint_; }
    const envelope& mail() const noexcept { return envelope_; }
    const std::string& header_block() const noexcept { return header_block_; }
    bool is_8bit() const noexcept { return is_8bit_; }
    bool requires_tls() const noexcept { return requires_tls_; }  // by every server on the way (RFC 8689)
    bool wants_delivery_receipt() const noexcept { return wants_delivery_receipt_; }
    recipient_ledger& recipients() noexcept { return *ledger_; }

    std::int64_t size() const;  // header block and body; -1 = not known
    // 0 = end; throws hawser::failure where the body broke off. On the I/O thread.
    boost::asio::awaitable<std::size_t> read_body(char* buffer, std::size_t capacity);
    bool has_begun_body() const noexcept { return has_begun_body_; }

    // Tells `interrupt` (from any thread) when the host cancels; an empty function takes it back.
    void set_interrupt(std::function<void()> interrupt);
    bool is_cancelled() const noexcept { return is_cancelled_; }
    void watch_cancel();                   // once it is shared
    void complete(const outcome& result);  // the first one counts

private:
    void read_entity_header(delivery& handle);
    static void on_body_ready(void* self) noexcept;
    static void on_cancel(void* self) noexcept;

    boost::asio::io_context& io_;
    std::optional<delivery> delivery_;
    smtp_endpoint endpoint_;
    envelope envelope_;
    std::string header_block_;
    std::string body_start_;  // read and checked before anything is connected
    std::size_t body_start_read_ = 0;
    std::unique_ptr<recipient_ledger> ledger_;
    boost::asio::steady_timer body_ready_;
    bool is_8bit_ = false;
    bool wants_delivery_receipt_ = false;
    bool requires_tls_ = false;
    bool has_begun_body_ = false;
    std::atomic<bool> is_cancelled_{false};
    std::mutex interrupt_mutex_;
    std::function<void()> interrupt_;
};

}  // namespace hawser::smtp
