#include "runtime/held_releaser.hpp"

#include <chrono>

namespace hawser::engine {
namespace {

constexpr std::chrono::milliseconds refused_wait{1000};

}  // namespace

void held_releaser::release(const std::string& group) {
    const std::lock_guard lock(mutex_);
    if (is_stopping_) {
        return;
    }
    groups_.insert(group);
    if (is_running_) {
        return;
    }
    if (thread_.joinable()) {
        thread_.join();  // it has let go of the mutex for the last time
    }
    thread_ = std::thread([this] { run(); });
    is_running_ = true;
}

// One piece of each group in turn, so that none waits for all of another's.
void held_releaser::run() {
    std::unique_lock lock(mutex_);
    std::string last;
    while (!is_stopping_ && !groups_.empty()) {
        auto next = groups_.upper_bound(last);
        last = next == groups_.end() ? *groups_.begin() : *next;
        groups_.erase(last);  // asked for again meanwhile: it is there again
        lock.unlock();
        const release_progress progress = release_piece_(last);
        lock.lock();
        if (progress != release_progress::done) {
            groups_.insert(last);
        }
        if (progress == release_progress::refused) {
            changed_.wait_for(lock, refused_wait, [this] { return is_stopping_; });
        }
    }
    is_running_ = false;
}

void held_releaser::stop() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) {
        thread_.join();
    }
}

}  // namespace hawser::engine
