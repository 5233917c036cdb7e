// The engine's workers: a fixed number of threads that run jobs in the order of their posting. Thread-safe. A job must
// not wait for another job. stop() runs what is queued, then joins; jobs posted once the last worker has ended are
// dropped, and none is kept that nobody will run. Failure: where not all threads can be had it works with fewer, and
// where none can it throws std::system_error.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace hawser::engine {

class worker_pool {
public:
    explicit worker_pool(unsigned thread_count);
    ~worker_pool() { stop(); }
    worker_pool(const worker_pool&) = delete;
    worker_pool& operator=(const worker_pool&) = delete;

    void post(std::function<void()> job);
    void stop();

private:
    void run();

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::function<void()>> jobs_;
    std::vector<std::thread> threads_;  // of the constructor and stop()
    unsigned running_count_ = 0;        // workers that look for jobs yet
    unsigned idle_count_ = 0;
    bool is_stopping_ = false;
};

}  // namespace hawser::engine
