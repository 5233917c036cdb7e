// Carries a body from the top of the pipeline (read on workers) to the adapter (any thread) through a bounded ring.
// A pump job reads at most 64 KiB a time, gives its worker back when the ring is full, and is queued again when it
// drains: no worker waits on a ring. Ownership: shared by its jobs and the delivery; a job keeps `owner` too, which is
// what the stream reads from: it may still be reading when the delivery has ended. Failure: the first failed read
// ends it, and read() answers that failure only after the bytes before it, so the adapter always sees a body that broke
// off.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "hawser/abi.h"
#include "plugins/bridge/stream.hpp"

namespace hawser::engine {

class worker_pool;

inline constexpr std::size_t pump_read_size = 64 * 1024;
inline constexpr std::size_t pump_prefill_size = 128 * 1024;  // design section 3: filled before transmit is called
inline constexpr std::size_t pump_ring_size = 192 * 1024;

struct body_failure {
    hawser_status status = HAWSER_FAILED;
    std::string text;
};

class body_pump : public std::enable_shared_from_this<body_pump> {
public:
    body_pump(worker_pool& workers, body_stream stream);

    // Reads until the prefill is there, or the end, or a failure; then calls `filled` once, on a worker. Once only, by
    // somebody who holds the owner.
    void start(std::weak_ptr<const void> owner, std::function<void()> filled);

    std::int64_t read(void* buffer, std::size_t capacity, std::string& error);  // or HAWSER_WOULD_BLOCK
    std::int64_t read_waiting(void* buffer, std::size_t capacity, std::string& error);
    void on_ready(hawser_callback callback, void* user);

    // The whole size once it is known: at the end, or when the stream's hint is exact.
    std::int64_t size() const;
    std::optional<body_failure> failure() const;
    // No more reads, on_ready callbacks or jobs, and none is running any more (unless this is called from it);
    // the stream is closed here, or on the worker that is reading it.
    void close();

private:
    void schedule_locked();
    void post_job();
    void pump();
    void fill(std::unique_lock<std::mutex>& lock);
    bool is_filled_locked() const;
    void finish_step(std::unique_lock<std::mutex>& lock);
    void call_back();

    worker_pool& workers_;
    mutable std::mutex mutex_;
    std::recursive_mutex calling_back_;  // held while on_ready's callback runs, so that close() waits for it
    std::condition_variable readable_;
    body_stream stream_;
    std::weak_ptr<const void> owner_;
    std::deque<std::string> chunks_;
    std::size_t front_offset_ = 0;
    std::size_t buffered_ = 0;
    std::uint64_t total_ = 0;
    std::int64_t hinted_size_ = -1;
    bool is_job_queued_ = false;
    bool is_at_end_ = false;
    bool is_closed_ = false;
    std::optional<body_failure> failure_;
    std::function<void()> filled_;
    hawser_callback ready_ = nullptr;
    void* ready_user_ = nullptr;
};

}  // namespace hawser::engine
