#include "smtp_transmission.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>
#include <charconv>
#include <cstring>

#include "domain_name.hpp"
#include "mail_address.hpp"
#include "text.hpp"

namespace hawser::smtp {
namespace {

constexpr std::size_t header_block_size_usual = 512;

std::string make_header_block(const message& one) {
    std::string block;
    block.reserve(header_block_size_usual);
    one.for_each_mail_header([&block](std::string_view name, std::string_view value) {
        block.append(name).append(": ").append(value).append("\r\n");
    });
    return block;
}

// An encoded body is one MIME entity: its fields join those of the mail header, so nothing else may be among them.
void check_entity_header(std::string_view header) {
    while (!header.empty()) {
        const std::size_t end = std::min(header.find("\r\n"), header.size());
        const std::string_view line = header.substr(0, end);
        header.remove_prefix(std::min(end + 2, header.size()));
        const bool is_fold = !line.empty() && (line.front() == ' ' || line.front() == '\t');
        const std::string_view name = line.substr(0, std::min(line.find(':'), line.size()));
        const bool is_allowed =
            equals_ignoring_case(name, "MIME-Version") || equals_ignoring_case(name.substr(0, 8), "Content-");
        if (!is_fold && (!is_allowed || name.size() == line.size())) {
            throw failure("the encoded body's header block has the line \"" + shown(line) +
                          "\"; only MIME-Version and Content-* may stand there");
        }
    }
}

content_kind kind_of(const std::string& encoding) {
    return equals_ignoring_case(encoding, "binary") ? content_kind::binary
           : equals_ignoring_case(encoding, "8bit") ? content_kind::eight_bit
                                                    : content_kind::seven_bit;
}

std::string smtputf8_need_of(const envelope& mail, const std::string& header_block) {
    if (!is_ascii(mail.sender)) {
        return "the address <" + mail.sender + '>';
    }
    for (const std::string& recipient : mail.recipients) {
        if (!is_ascii(recipient)) {
            return "the address <" + recipient + '>';
        }
    }
    return is_ascii(header_block) ? "" : "an address in a header field";
}

// A message's own value has not been checked against the spec.
std::size_t recipients_max_of(const message& one) {
    const std::string text = one.get_or("SMTP.MaxRecipientsPerMessage", "1000");
    std::size_t number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc{} || end != text.data() + text.size() || number < 1 || number > address_count_max) {
        throw failure("SMTP.MaxRecipientsPerMessage: \"" + shown(text) + "\" is no number from 1 to 10000");
    }
    return number;
}

constexpr std::size_t entity_header_size_max = 64 * 1024;  // design section 3
constexpr std::size_t short_body_size_max = 16 * 1024;

}  // namespace

smtp_transmission::smtp_transmission(boost::asio::io_context& io, delivery&& handle) : io_(io), body_ready_(io) {
    const message one = handle.message();
    if (!one.is_true(HAWSER_IS_MIME_ENCODED)) {
        throw failure("the body is no MIME entity: a component put another body after the mail had been composed");
    }
    const message_identity who = one.identity();
    port_ = who.port;
    begin_before_unix_ms_ = who.begin_before_unix_ms;
    endpoint_ = read_endpoint(one, handle);
    envelope_ = envelope_of(one);
    header_block_ = make_header_block(one);
    kind_ = kind_of(one.get_or(HAWSER_TRANSFER_ENCODING, "7bit"));
    status_ = read_status_request(one);
    smtputf8_need_ = smtputf8_need_of(envelope_, header_block_);
    requires_tls_ = one.is_true("SMTP.RequireTLS");
    is_traced_ = one.is_true("SMTP.WireTrace");
    recipients_max_ = recipients_max_of(one);
    // The engine counts retries anew when an operator resumes a message.
    const bool is_first_try = one.get_or("BTS.ActualRetryCount", "0") == "0";
    ledger_ = std::make_unique<recipient_ledger>(
        envelope_.recipients, handle.resume_state(),
        is_first_try ? recipient_ledger::refusals::are_forgotten : recipient_ledger::refusals::are_kept);
    read_entity_header(handle);
    read_short_body(handle);
    check_blind_recipients(one, body_start_);
    delivery_.emplace(std::move(handle));
}

// Not left to the members' order: the host may call back until the delivery has gone.
smtp_transmission::~smtp_transmission() { delivery_.reset(); }

// The host filled the first 128 KiB before it called us, so these reads do not have to wait.
void smtp_transmission::read_entity_header(delivery& handle) {
    std::size_t end = std::string::npos;
    while (end == std::string::npos && body_start_.size() <= entity_header_size_max) {
        const std::int64_t size = read_start(handle);
        if (size < 0) {
            throw failure("the encoded body's header block did not come at once");
        }
        if (size == 0) {
            break;
        }
        end = body_start_.find("\r\n\r\n");
    }
    if (end == std::string::npos || end > entity_header_size_max) {
        throw failure("the encoded body has no header block of at most 64 KiB that an empty line ends");
    }
    check_entity_header(std::string_view(body_start_).substr(0, end));
}

// A short body is read to its end, so that its exact size is known.
void smtp_transmission::read_short_body(delivery& handle) {
    while (handle.body_size() < 0 && body_start_.size() < short_body_size_max) {
        const std::int64_t size = read_start(handle);
        is_body_at_end_ = size == 0;
        if (size <= 0) {
            return;
        }
    }
}

// Appends to body_start_; 0 at the end, HAWSER_WOULD_BLOCK where there is nothing yet.
std::int64_t smtp_transmission::read_start(delivery& handle) {
    std::array<char, 8 * 1024> block;
    std::string error;
    const std::int64_t size = handle.body_read(block.data(), block.size(), error);
    if (size < 0 && size != HAWSER_WOULD_BLOCK) {
        throw failure(static_cast<hawser_status>(size), "the body could not be read: " + error);
    }
    body_start_.append(block.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    return size;
}

std::int64_t smtp_transmission::size() const {
    if (is_body_at_end_) {
        return static_cast<std::int64_t>(body_start_.size() + header_block_.size());
    }
    const std::int64_t body = delivery_->body_size();
    return body < 0 ? -1 : body + static_cast<std::int64_t>(header_block_.size());
}

// The host keeps this pointer only until complete. Nobody waits where the last owner has just gone; where there is one,
// none goes on the host's thread.
template <typename Handler>
void smtp_transmission::post_to(void* self, Handler handler) {
    auto& one = *static_cast<smtp_transmission*>(self);
    boost::asio::io_context& io = one.io_;
    if (auto shared = one.weak_from_this().lock()) {
        boost::asio::post(io, [shared = std::move(shared), handler] {
            handler(*shared);
            shared->body_ready_.expires_at(boost::asio::steady_timer::time_point::min());
        });
    }
}

void smtp_transmission::on_body_ready(void* self) noexcept {
    post_to(self, [](smtp_transmission&) {});
}

void smtp_transmission::on_cancel(void* self) noexcept {
    auto& one = *static_cast<smtp_transmission*>(self);
    one.is_cancelled_ = true;
    on_body_ready(self);  // it may be waiting for a body that comes slowly
    const std::lock_guard lock(one.interrupt_mutex_);
    if (one.interrupt_) {
        one.interrupt_();
    }
}

wire_listener smtp_transmission::tracer() {
    if (!is_traced_) {
        return {};
    }
    return [weak = weak_from_this()](const wire_line& line) {
        if (const auto self = weak.lock(); self && self->delivery_) {
            const message about = self->delivery_->message();
            about.host().log(log_level::info, std::string("wire ") + static_cast<char>(line.speaker) + ' ' + line.text,
                             about.abi());
        }
    };
}

void smtp_transmission::report(const std::string& text) const {
    const message about = delivery_->message();
    about.host().log(log_level::error, text, about.abi());
}

void smtp_transmission::count_sent() const { delivery_->message().host().count("SMTP.messagesSent"); }

void smtp_transmission::watch_cancel() { delivery_->on_cancel(&smtp_transmission::on_cancel, this); }

void smtp_transmission::set_interrupt(std::function<void()> interrupt) {
    const std::lock_guard lock(interrupt_mutex_);
    interrupt_ = std::move(interrupt);
    if (is_cancelled_ && interrupt_) {  // on_cancel() may have found the one before, or none
        interrupt_();
    }
}

boost::asio::awaitable<std::size_t> smtp_transmission::read_body(char* buffer, std::size_t capacity) {
    has_begun_body_ = true;
    if (reads_keeper_) {
        co_return keeper_->read(buffer, capacity);
    }
    const std::size_t size = co_await read_delivery(buffer, capacity);
    if (keeper_) {
        keeper_->add(std::string_view(buffer, size));
    }
    co_return size;
}

boost::asio::awaitable<std::size_t> smtp_transmission::read_delivery(char* buffer, std::size_t capacity) {
    if (body_start_read_ < body_start_.size()) {
        const std::size_t size = std::min(capacity, body_start_.size() - body_start_read_);
        std::memcpy(buffer, body_start_.data() + body_start_read_, size);
        body_start_read_ += size;
        co_return size;
    }
    while (!is_body_at_end_) {
        std::string error;
        const std::int64_t size = delivery_->body_read(buffer, capacity, error);
        is_body_at_end_ = size == 0;
        if (size >= 0) {
            co_return static_cast<std::size_t>(size);
        }
        if (size != HAWSER_WOULD_BLOCK) {
            throw failure(static_cast<hawser_status>(size), error.empty() ? "no reason was given" : error);
        }
        body_ready_.expires_at(boost::asio::steady_timer::time_point::max());
        delivery_->body_on_ready(&smtp_transmission::on_body_ready, this);
        if (!is_cancelled_) {  // else its wake-up may have come before this wait
            co_await wait_until_woken();
        }
        if (is_cancelled_) {
            throw failure(HAWSER_CANCELLED, "the host cancelled the delivery");
        }
    }
    co_return 0;
}

boost::asio::awaitable<void> smtp_transmission::wait_until_woken() {
    boost::system::error_code woken;
    co_await body_ready_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
}

void smtp_transmission::keep_body() {
    if (!keeper_) {
        keeper_ = std::make_unique<body_keeper>();
    }
}

void smtp_transmission::rewind_body() {
    reads_keeper_ = true;
    keeper_->rewind();
}

void smtp_transmission::on_checkpoint_done(void* self, hawser_status) noexcept {
    post_to(self, [](smtp_transmission& one) { one.is_checkpoint_done_ = true; });
}

boost::asio::awaitable<void> smtp_transmission::checkpoint() {
    is_checkpoint_done_ = false;
    body_ready_.expires_at(boost::asio::steady_timer::time_point::max());
    delivery_->checkpoint(ledger_->resume_state(), &smtp_transmission::on_checkpoint_done, this);
    while (!is_checkpoint_done_) {  // a cancellation wakes us, too
        body_ready_.expires_at(boost::asio::steady_timer::time_point::max());
        co_await wait_until_woken();
    }
}

void smtp_transmission::complete(const outcome& result) {
    set_interrupt({});
    if (delivery_) {
        delivery ending = std::move(*delivery_);
        delivery_.reset();
        ending.complete(result);
    }
}

}  // namespace hawser::smtp
