#include "pipeline/body_pump.hpp"

#include <algorithm>
#include <cstring>
#include <exception>
#include <vector>

#include "pipeline/worker_pool.hpp"

namespace hawser::engine {

body_pump::body_pump(worker_pool& workers, body_stream stream) : workers_(workers), stream_(std::move(stream)) {
    hinted_size_ = stream_.size_hint();
}

void body_pump::start(std::weak_ptr<const void> owner, std::function<void()> filled) {
    {
        const std::lock_guard lock(mutex_);
        owner_ = std::move(owner);
        filled_ = std::move(filled);
        is_job_queued_ = true;
    }
    pump();  // called on a worker: the first reads need no other
}

void body_pump::schedule_locked() {
    if (!is_job_queued_ && !is_at_end_ && !failure_ && !is_closed_) {
        post_job();  // which waits for the mutex
        is_job_queued_ = true;
    }
}

void body_pump::post_job() {
    workers_.post([owner = owner_.lock(), self = shared_from_this()] { self->pump(); });
}

bool body_pump::is_filled_locked() const {
    return buffered_ >= pump_prefill_size || is_at_end_ || failure_.has_value();
}

// What fails here beside the stream (no memory) fails the body too: nobody else would ever end the attempt.
void body_pump::pump() {
    std::unique_lock lock(mutex_);
    try {
        fill(lock);
    } catch (const std::exception& failure) {
        if (!lock.owns_lock()) {
            lock.lock();
        }
        failure_ = body_failure{HAWSER_TRY_LATER, failure.what()};
        is_job_queued_ = false;
    }
    if (is_closed_ && !is_job_queued_) {
        stream_.close();
    }
    finish_step(lock);
}

// Reads until the ring is full; once transmit is under way one piece, and the next in a job of its own.
void body_pump::fill(std::unique_lock<std::mutex>& lock) {
    thread_local std::vector<char> buffer(pump_read_size);
    while (!is_closed_ && !is_at_end_ && !failure_ && buffered_ < pump_ring_size) {
        lock.unlock();
        std::size_t size = 0;
        std::optional<body_failure> failed;
        try {
            size = stream_.read(buffer.data(), buffer.size());
        } catch (const stream_failure& failure) {
            failed = body_failure{failure.status(), failure.what()};
        }
        std::string chunk(buffer.data(), size);
        lock.lock();
        if (failed) {
            failure_ = std::move(failed);
        } else if (size == 0) {
            is_at_end_ = true;
        } else {
            chunks_.push_back(std::move(chunk));
            total_ += size;
            buffered_ += size;
        }
        const bool is_fair_share_used = !filled_ && buffered_ > 0;
        if (is_fair_share_used && buffered_ < pump_ring_size && !is_at_end_ && !failure_ && !is_closed_) {
            post_job();
            return;
        }
    }
    is_job_queued_ = false;
}

void body_pump::finish_step(std::unique_lock<std::mutex>& lock) {
    std::function<void()> filled;
    if (filled_ && is_filled_locked()) {
        filled = std::exchange(filled_, nullptr);
    }
    const bool calls_back = ready_ != nullptr;
    lock.unlock();
    readable_.notify_all();
    if (calls_back) {
        call_back();
    }
    if (filled) {
        filled();
    }
}

void body_pump::call_back() {
    const std::lock_guard calling(calling_back_);
    hawser_callback ready = nullptr;
    void* user = nullptr;
    {
        const std::lock_guard lock(mutex_);
        if (!is_closed_ && (buffered_ > 0 || is_at_end_ || failure_)) {
            ready = std::exchange(ready_, nullptr);
            user = ready_user_;
        }
    }
    if (ready != nullptr) {
        ready(user);
    }
}

std::int64_t body_pump::read(void* buffer, std::size_t capacity, std::string& error) {
    const std::lock_guard lock(mutex_);
    if (is_closed_) {
        error = "the delivery was cancelled";
        return HAWSER_CANCELLED;
    }
    std::size_t copied = 0;
    while (copied < capacity && !chunks_.empty()) {
        const std::string& front = chunks_.front();
        const std::size_t size = std::min(capacity - copied, front.size() - front_offset_);
        std::memcpy(static_cast<char*>(buffer) + copied, front.data() + front_offset_, size);
        copied += size;
        front_offset_ += size;
        if (front_offset_ == front.size()) {
            chunks_.pop_front();
            front_offset_ = 0;
        }
    }
    buffered_ -= copied;
    if (buffered_ < pump_ring_size / 2) {
        schedule_locked();
    }
    if (copied > 0) {
        return static_cast<std::int64_t>(copied);
    }
    if (failure_) {
        error = failure_->text;
        return failure_->status == HAWSER_WOULD_BLOCK ? HAWSER_IO : failure_->status;
    }
    return is_at_end_ ? 0 : HAWSER_WOULD_BLOCK;
}

std::int64_t body_pump::read_waiting(void* buffer, std::size_t capacity, std::string& error) {
    while (true) {
        const std::int64_t size = read(buffer, capacity, error);
        if (size != HAWSER_WOULD_BLOCK) {
            return size;
        }
        std::unique_lock lock(mutex_);
        readable_.wait(lock, [this] { return buffered_ > 0 || is_at_end_ || failure_ || is_closed_; });
    }
}

void body_pump::on_ready(hawser_callback callback, void* user) {
    {
        const std::lock_guard lock(mutex_);
        if (is_closed_) {
            return;
        }
        if (buffered_ == 0 && !is_at_end_ && !failure_) {
            ready_ = callback;
            ready_user_ = user;
            return;
        }
    }
    callback(user);
}

std::int64_t body_pump::size() const {
    const std::lock_guard lock(mutex_);
    return is_at_end_ ? static_cast<std::int64_t>(total_) : hinted_size_;
}

std::optional<body_failure> body_pump::failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
}

void body_pump::close() {
    const std::lock_guard calling(calling_back_);
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
    ready_ = nullptr;
    filled_ = nullptr;
    chunks_.clear();
    buffered_ = 0;
    readable_.notify_all();
    if (!is_job_queued_) {
        stream_.close();
    }
}

}  // namespace hawser::engine
