#include "pipeline/worker_pool.hpp"

#include <exception>
#include <string>
#include <system_error>

#include "base/log.hpp"

namespace hawser::engine {

worker_pool::worker_pool(unsigned thread_count) {
    threads_.reserve(thread_count);
    try {
        while (threads_.size() < thread_count) {
            threads_.emplace_back([this] { run(); });
        }
    } catch (const std::system_error& failure) {
        if (threads_.empty()) {
            throw std::system_error(failure.code(), "a thread could not be made");
        }
        log::warning("not all threads could be made: fewer jobs are done at once",
                     {{"wanted", std::to_string(thread_count)},
                      {"made", std::to_string(threads_.size())},
                      {"error", failure.what()}});
    }
    running_count_ = static_cast<unsigned>(threads_.size());
}

void worker_pool::post(std::function<void()> job) {
    bool wakes = false;
    {
        const std::lock_guard lock(mutex_);
        if (running_count_ == 0) {
            return;
        }
        jobs_.push_back(std::move(job));
        wakes = idle_count_ > 0;
    }
    if (wakes) {
        wake_.notify_one();
    }
}

void worker_pool::stop() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) {
        thread.join();
    }
    threads_.clear();
}

void worker_pool::run() {
    std::unique_lock lock(mutex_);
    while (true) {
        ++idle_count_;
        wake_.wait(lock, [this] { return is_stopping_ || !jobs_.empty(); });
        --idle_count_;
        if (jobs_.empty()) {
            --running_count_;
            return;
        }
        std::function<void()> job = std::move(jobs_.front());
        jobs_.pop_front();
        lock.unlock();
        try {
            job();
        } catch (const std::exception& failure) {
            // Jobs report their own failures; one that ends here is a defect of the engine, and the box has lost
            // nothing.
            log::error("a job of the worker pool failed", {{"error", failure.what()}});
        }
        job = nullptr;
        lock.lock();
    }
}

}  // namespace hawser::engine
