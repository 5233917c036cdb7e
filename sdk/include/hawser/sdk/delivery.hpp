// One call of an adapter's transmit, until complete. Move it to wherever the work happens; one owner, one thread at a time.
// A delivery that is dropped uncompleted is completed as a retry, "plugin misbehaving".
// Callbacks run on any thread, maybe before the call that gives them returns: post to your own executor and return.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hawser/sdk/host.hpp"
#include "hawser/sdk/outcome.hpp"

namespace hawser {
inline namespace sdk_1 {
namespace detail {

// While transmit unwinds, the delivery it owned must not complete as "dropped": what was thrown says more.
struct transmit_frame {
    hawser_delivery* handle = nullptr;
    int exceptions = 0;
    bool is_orphaned = false;
};
inline thread_local transmit_frame* current_transmit = nullptr;

}  // namespace detail

class delivery {
public:
    delivery(hawser_delivery* handle, const host& from) : host_(from), handle_(handle) {
        if (from.delivery_api() == nullptr) {
            throw failure(HAWSER_UNSUPPORTED, "this engine has no service " HAWSER_DELIVERY);
        }
    }
    delivery(delivery&& other) noexcept
        : host_(other.host_), handle_(std::exchange(other.handle_, nullptr)), callbacks_(std::move(other.callbacks_)) {}
    delivery& operator=(delivery&& other) noexcept {
        if (this != &other) {
            drop();
            host_ = other.host_;
            handle_ = std::exchange(other.handle_, nullptr);
            callbacks_ = std::move(other.callbacks_);
        }
        return *this;
    }
    ~delivery() { drop(); }

    bool is_open() const noexcept { return handle_ != nullptr; }   // not yet completed or moved away
    const class message message() const { return host_.wrap(api().message(handle())); }
    const class host& host() const noexcept { return host_; }

    // Bytes read, 0 at the end, nullopt = nothing yet (see on_ready; never for an adapter that is_blocking).
    // Throws stream_failure when the body failed: break the connection off, never finish it, and complete.
    std::optional<std::size_t> body_read(void* buffer, std::size_t capacity) {
        const detail::error_receiver said;
        const std::int64_t size = api().body_read(handle(), buffer, capacity, said.abi());
        if (size == HAWSER_WOULD_BLOCK) {
            return std::nullopt;
        }
        if (size < 0) {
            throw stream_failure(static_cast<hawser_status>(size), said.text_or("the body could not be read"));
        }
        return static_cast<std::size_t>(size);
    }
    std::optional<std::size_t> body_read(std::span<std::byte> buffer) { return body_read(buffer.data(), buffer.size()); }

    // After body_read gave nullopt: runs once when reading can go on. It does not start after complete, but one that is
    // running on another thread then goes on: let it own what it uses.
    void on_ready(std::function<void()> callback) {
        const std::uintptr_t id = add(std::move(callback));
        api().body_on_ready(handle(), &detail::callback_table::run, detail::to_user(id));
    }
    std::optional<std::uint64_t> body_size() const {
        const std::int64_t size = api().body_size(handle());
        return size < 0 ? std::nullopt : std::optional(static_cast<std::uint64_t>(size));
    }
    std::string_view resume_state() const { return from_abi(api().resume_state(handle())); }   // lives until complete

    // Makes resume state durable in mid-transmit. done runs once, on any thread; complete only after it.
    void checkpoint(std::string_view state, std::function<void(hawser_status)> done) {
        auto held = std::make_unique<std::function<void(hawser_status)>>(std::move(done));
        api().checkpoint(handle(), to_abi(state), &run_checkpoint_done, held.release());
    }

    bool is_cancelled() const { return api().is_cancelled(handle()) != 0; }
    // Runs at most once, at once where it is cancelled already; never after complete.
    void on_cancel(std::function<void()> callback) {
        const std::uintptr_t id = add(std::move(callback));
        api().on_cancel(handle(), &detail::callback_table::run, detail::to_user(id));
    }

    // A secret property of the port or handler; lives until complete, never log or keep it. nullopt: none is configured,
    // or the message changed a property that guards it.
    std::optional<std::string_view> secret(std::string_view name) const {
        hawser_string value{};
        if (host_.secrets_api() == nullptr) {
            throw failure(HAWSER_UNSUPPORTED, "this engine has no service " HAWSER_SECRETS);
        }
        const hawser_status status = host_.secrets_api()->get(host_.abi(), handle(), to_abi(name), &value);
        if (status == HAWSER_NOT_FOUND) {
            return std::nullopt;
        }
        detail::check(status, {}, "reading a secret");
        return from_abi(value);
    }

    // Ends the delivery, exactly once; a second call throws.
    void complete(const outcome& result) {
        std::vector<hawser_recipient_result> recipients;
        recipients.reserve(result.recipients.size());
        for (const recipient_result& one : result.recipients) {
            recipients.push_back({to_abi(one.address), static_cast<std::uint32_t>(one.verdict), one.reply_code,
                                  to_abi(one.enhanced_status), to_abi(one.text)});
        }
        hawser_outcome raw{};
        raw.struct_size = sizeof raw;
        raw.verdict = static_cast<std::uint32_t>(result.verdict);
        raw.flags = (result.is_endpoint_down ? HAWSER_ENDPOINT_DOWN : 0u) |
                    (result.is_maybe_duplicate ? HAWSER_MAYBE_DUPLICATE : 0u);
        raw.reply_code = result.reply_code;
        raw.not_before_unix_ms = result.not_before_unix_ms;
        raw.code = to_abi(result.code);
        raw.enhanced_status = to_abi(result.enhanced_status);
        raw.text = to_abi(result.text);
        raw.recipients = recipients.empty() ? nullptr : recipients.data();
        raw.recipient_count = recipients.size();
        raw.resume_state = to_abi(result.resume_state);
        finish(raw);
    }

private:
    const hawser_delivery_api& api() const noexcept { return *host_.delivery_api(); }
    hawser_delivery* handle() const {
        if (handle_ == nullptr) {
            throw failure(HAWSER_MISUSE, "a delivery was used after it was completed or moved away");
        }
        return handle_;
    }
    std::uintptr_t add(std::function<void()> callback) {
        callbacks_.reserve(callbacks_.size() + 1);
        callbacks_.push_back(detail::callback_table::instance().add(std::move(callback)));
        return callbacks_.back();
    }
    static void run_checkpoint_done(void* user, hawser_status status) noexcept {
        const std::unique_ptr<std::function<void(hawser_status)>> done(static_cast<std::function<void(hawser_status)>*>(user));
        try {
            if (*done) {
                (*done)(status);
            }
        } catch (...) {
            // As with every callback there is nobody to tell; the delivery itself is still open.
        }
    }
    void finish(const hawser_outcome& raw) {
        hawser_delivery* const ending = handle();
        handle_ = nullptr;
        for (const std::uintptr_t id : callbacks_) {
            detail::callback_table::instance().forget(id);
        }
        callbacks_.clear();
        api().complete(ending, &raw);
    }
    void drop() noexcept {
        if (handle_ == nullptr) {
            return;
        }
        detail::transmit_frame* const frame = detail::current_transmit;
        if (frame != nullptr && frame->handle == handle_ && std::uncaught_exceptions() > frame->exceptions) {
            frame->is_orphaned = true;   // completed by whoever catches it
            handle_ = nullptr;
            return;
        }
        hawser_outcome raw{};
        raw.struct_size = sizeof raw;
        raw.verdict = HAWSER_RETRY;
        raw.code = to_abi("plugin.misbehaving");
        raw.text = to_abi("plugin misbehaving: the adapter dropped a delivery without completing it");
        finish(raw);
    }

    class host host_;
    hawser_delivery* handle_;
    std::vector<std::uintptr_t> callbacks_;
};

}  // namespace sdk_1
}  // namespace hawser
