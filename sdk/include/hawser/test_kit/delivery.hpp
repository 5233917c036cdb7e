// One call of transmit under test: its body may answer "would block", it can be cancelled, and it keeps the outcome.
// Make it, hand it to transmit() in instance.hpp, wait_for_outcome(). It must outlive what the adapter does with it.
// Thread-safe where the ABI says [any].
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "hawser/sdk/adapter.hpp"
#include "hawser/test_kit/host.hpp"

namespace hawser::test_kit {

// Where a callback that the host owes runs: inside the call that asked for it, or on a thread of the kit.
enum class callback_from : std::uint8_t { same_call = 1, other_thread };

class delivery {
public:
    delivery(host& owner, message& about) : host_(owner), message_(about) { message_.is_read_only = true; }
    delivery(const delivery&) = delete;
    delivery& operator=(const delivery&) = delete;
    ~delivery() { join(); }

    // ---- What the test gives ----
    std::string resume_state;
    bool is_blocking = false;        // body_read never answers HAWSER_WOULD_BLOCK
    unsigned would_block_every = 0;  // the n-th read, the 2n-th, …; 0 = never
    callback_from callbacks = callback_from::same_call;
    bool has_body_size = true;
    hawser_status checkpoint_status = HAWSER_OK;

    // ---- What the adapter did ----
    // Empty when nothing came in time.
    std::optional<outcome> wait_for_outcome(std::chrono::milliseconds time_out = std::chrono::seconds(10)) {
        std::unique_lock lock(mutex_);
        completed_.wait_for(lock, time_out, [this] { return outcome_.has_value(); });
        return outcome_;
    }
    std::vector<std::string> checkpoints() const {
        const std::lock_guard lock(mutex_);
        return checkpoints_;
    }
    std::uint64_t bytes_read() const {
        const std::lock_guard lock(mutex_);
        return bytes_read_;
    }

    void cancel() { message_.cancellation.cancel(); }  // the host wants to stop

    hawser_delivery* abi() noexcept { return reinterpret_cast<hawser_delivery*>(this); }
    static delivery& from(hawser_delivery* raw) noexcept { return *reinterpret_cast<delivery*>(raw); }
    static delivery& from(const hawser_delivery* raw) noexcept {
        return *reinterpret_cast<delivery*>(const_cast<hawser_delivery*>(raw));
    }

private:
    friend struct delivery_functions;

    bool is_open(const char* function) {
        const std::lock_guard lock(mutex_);
        if (outcome_) {
            host_.violations_found.add(std::string(function) + " was called after complete");
        }
        return !outcome_;
    }

    std::int64_t read(void* buffer, std::uint64_t capacity, const hawser_error* error) {
        if (!is_open("body_read")) {
            return HAWSER_MISUSE;
        }
        if (is_reading_.exchange(true)) {
            host_.violations_found.add("body_read was called twice at once");
            return HAWSER_MISUSE;
        }
        const std::int64_t size = read_alone(buffer, capacity, error);
        is_reading_ = false;
        return size;
    }
    std::int64_t read_alone(void* buffer, std::uint64_t capacity, const hawser_error* error) {
        ++reads_;
        if (!is_blocking && would_block_every != 0 && reads_ % would_block_every == 0) {
            is_ready_owed_ = true;
            return HAWSER_WOULD_BLOCK;
        }
        is_ready_owed_ = false;
        const std::int64_t size = sdk_1::detail::guard(error, [&] {
            if (!body_) {
                body_ = message_.take_body();
            }
            return static_cast<std::int64_t>(body_.read(buffer, static_cast<std::size_t>(capacity)));
        });
        const std::lock_guard lock(mutex_);
        bytes_read_ += size > 0 ? static_cast<std::uint64_t>(size) : 0;
        return size;
    }
    void on_ready(hawser_callback callback, void* user) {
        if (!is_open("body_on_ready")) {
            return;
        }
        if (!is_ready_owed_.exchange(false)) {
            host_.violations_found.add("body_on_ready was called although the last read did not answer would-block");
        }
        run([this, callback, user] { call_ready(callback, user); });
    }
    void call_ready(hawser_callback callback, void* user) {
        const std::lock_guard calling(calling_ready_);
        {
            const std::lock_guard lock(mutex_);
            if (outcome_) {
                return;
            }
        }
        callback(user);
    }
    void checkpoint(std::string_view state, hawser_checkpoint_done done, void* user) {
        if (!is_open("checkpoint")) {
            return;
        }
        {
            const std::lock_guard lock(mutex_);
            checkpoints_.emplace_back(state);
        }
        run([done, user, status = checkpoint_status] { done(user, status); });
    }
    void complete(const hawser_outcome* raw) {
        const std::lock_guard calling(calling_ready_);
        if (!is_open("complete")) {
            return;
        }
        message_.cancellation.close();
        outcome copy = copy_of(raw);
        const std::lock_guard lock(mutex_);
        body_.close();
        outcome_ = std::move(copy);
        completed_.notify_all();
    }
    outcome copy_of(const hawser_outcome* raw);

    void run(std::function<void()> job) {
        if (callbacks == callback_from::same_call) {
            job();
            return;
        }
        const std::lock_guard lock(mutex_);
        threads_.emplace_back(std::move(job));
    }
    void join() {
        std::vector<std::thread> left;
        do {  // a callback may have started another
            {
                const std::lock_guard lock(mutex_);
                left = std::exchange(threads_, {});
            }
            for (std::thread& one : left) {
                one.join();
            }
        } while (!left.empty());
        const std::scoped_lock until_complete_has_ended(calling_ready_, mutex_);
        if (!outcome_) {
            host_.violations_found.add("the delivery was never completed");
        }
    }

    host& host_;
    message& message_;
    std::recursive_mutex calling_ready_;  // recursive: the callback may complete, or read and ask again; before mutex_
    mutable std::mutex mutex_;
    std::condition_variable completed_;
    body_stream body_;
    std::atomic<bool> is_reading_{false};
    std::atomic<bool> is_ready_owed_{false};
    unsigned reads_ = 0;
    std::uint64_t bytes_read_ = 0;
    std::vector<std::string> checkpoints_;
    std::optional<outcome> outcome_;
    std::vector<std::thread> threads_;
};

inline outcome delivery::copy_of(const hawser_outcome* raw) {
    outcome copy;
    copy.code = "test-kit.no-outcome";
    if (raw == nullptr || raw->struct_size < sizeof(hawser_outcome)) {
        host_.violations_found.add("complete was given no outcome, or one whose struct_size is not set");
        return copy;
    }
    if (raw->verdict < HAWSER_DELIVERED || raw->verdict > HAWSER_PARTIAL) {
        host_.violations_found.add("complete was given a verdict that does not exist");
    }
    if (raw->resume_state.size > 1024 * 1024) {
        host_.violations_found.add("a resume state is at most 1 MiB");
    }
    copy.verdict = static_cast<verdict>(raw->verdict);
    copy.code = detail::from_abi(raw->code);
    copy.text = detail::from_abi(raw->text);
    copy.reply_code = raw->reply_code;
    copy.enhanced_status = detail::from_abi(raw->enhanced_status);
    copy.is_endpoint_down = (raw->flags & HAWSER_ENDPOINT_DOWN) != 0;
    copy.is_maybe_duplicate = (raw->flags & HAWSER_MAYBE_DUPLICATE) != 0;
    copy.is_not_begun = (raw->flags & HAWSER_NOT_BEGUN) != 0;
    if (copy.is_not_begun && raw->verdict != HAWSER_RETRY) {
        host_.violations_found.add("HAWSER_NOT_BEGUN goes with a retry only");
    }
    copy.not_before_unix_ms = raw->not_before_unix_ms;
    copy.resume_state = detail::from_abi(raw->resume_state);
    for (std::uint64_t i = 0; i < raw->recipient_count; ++i) {
        const hawser_recipient_result& one = raw->recipients[i];
        if (one.verdict < HAWSER_DELIVERED || one.verdict > HAWSER_REJECTED) {
            host_.violations_found.add("a recipient's verdict must be delivered, retry or rejected");
        }
        copy.recipients.push_back({std::string(detail::from_abi(one.address)), static_cast<verdict>(one.verdict),
                                   one.reply_code, std::string(detail::from_abi(one.enhanced_status)),
                                   std::string(detail::from_abi(one.text))});
    }
    return copy;
}

struct delivery_functions {
    static hawser_message* about(hawser_delivery* d) noexcept { return delivery::from(d).message_.abi(); }
    static std::int64_t body_read(hawser_delivery* d, void* buffer, std::uint64_t capacity,
                                  const hawser_error* error) noexcept {
        return delivery::from(d).read(buffer, capacity, error);
    }
    static void body_on_ready(hawser_delivery* d, hawser_callback callback, void* user) noexcept {
        delivery::from(d).on_ready(callback, user);
    }
    static std::int64_t body_size(hawser_delivery* d) noexcept {
        delivery& one = delivery::from(d);
        return one.has_body_size && !one.message_.was_replaced()
                   ? static_cast<std::int64_t>(one.message_.parts[0].bytes.size())
                   : -1;
    }
    static hawser_string resume_state(hawser_delivery* d) noexcept {
        return detail::to_abi(delivery::from(d).resume_state);
    }
    static void checkpoint(hawser_delivery* d, hawser_string state, hawser_checkpoint_done done, void* user) noexcept {
        delivery::from(d).checkpoint(detail::from_abi(state), done, user);
    }
    static std::int32_t is_cancelled(const hawser_delivery* d) noexcept {
        return delivery::from(d).message_.cancellation.is_cancelled() ? 1 : 0;
    }
    static void on_cancel(hawser_delivery* d, hawser_callback callback, void* user) noexcept {
        delivery::from(d).message_.cancellation.on_cancel(callback, user);
    }
    static void complete(hawser_delivery* d, const hawser_outcome* outcome) noexcept {
        delivery::from(d).complete(outcome);
    }

    static hawser_status secret(const hawser_host* raw, hawser_delivery* d, hawser_string name,
                                hawser_string* out) noexcept {
        host& owner = host::from(raw);
        const auto found = owner.secrets.find(detail::from_abi(name));
        if (!delivery::from(d).is_open("secrets.get") || found == owner.secrets.end()) {
            return HAWSER_NOT_FOUND;
        }
        *out = detail::to_abi(found->second);
        return HAWSER_OK;
    }
};

inline const void* delivery_table() noexcept {
    static constexpr hawser_delivery_api table{sizeof(hawser_delivery_api),        0,
                                               &delivery_functions::about,         &delivery_functions::body_read,
                                               &delivery_functions::body_on_ready, &delivery_functions::body_size,
                                               &delivery_functions::resume_state,  &delivery_functions::checkpoint,
                                               &delivery_functions::is_cancelled,  &delivery_functions::on_cancel,
                                               &delivery_functions::complete};
    return &table;
}
inline const void* secrets_table() noexcept {
    static constexpr hawser_secrets_api table{sizeof(hawser_secrets_api), 0, &delivery_functions::secret};
    return &table;
}

}  // namespace hawser::test_kit
