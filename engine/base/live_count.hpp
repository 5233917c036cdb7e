// How many objects of a kind somebody still holds, so that a stop can wait until they are gone. Any thread.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace hawser::engine {

class live_count {
public:
    class member {  // counts for as long as it lives
    public:
        explicit member(live_count& count) : count_(count) { count_.add(); }
        member(const member&) = delete;
        member& operator=(const member&) = delete;
        ~member() { count_.remove(); }

    private:
        live_count& count_;
    };

    void add() {
        const std::lock_guard lock(mutex_);
        ++count_;
    }
    void remove() {
        const std::lock_guard lock(mutex_);
        --count_;
        changed_.notify_all();
    }
    void wait_until_none() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return count_ == 0; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t count_ = 0;
};

}  // namespace hawser::engine
