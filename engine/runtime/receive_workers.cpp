#include "runtime/receive_workers.hpp"

#include <chrono>
#include <future>
#include <string>
#include <system_error>

namespace hawser::engine {
namespace {
constexpr std::chrono::milliseconds waiting_interval(100);
}

result<void> receive_workers::run(const std::function<void()>& work, const std::function<void()>& while_waiting) {
    const auto task = std::make_shared<std::packaged_task<void()>>(work);
    std::future<void> ended = task->get_future();
    if (result<void> posted = post([task] { (*task)(); }); !posted) {
        return posted;
    }
    try {
        while (ended.wait_for(waiting_interval) != std::future_status::ready) {
            while_waiting();
        }
        while_waiting();
    } catch (...) {
        ended.wait();  // `work` uses what goes when this is left
        throw;
    }
    ended.get();
    return {};
}

result<void> receive_workers::post(std::function<void()> work) {
    const std::lock_guard lock(mutex_);
    if (is_stopping_) {
        return fail("not_accepted", stopping);
    }
    try {
        if (!pool_) {
            pool_ = std::make_unique<worker_pool>(thread_count_);
        }
    } catch (const std::system_error& failure) {
        return fail("not_accepted", std::string(failure.what()) + ": nothing was stored, try again");
    }
    pool_->post(std::move(work));
    return {};
}

void receive_workers::stop() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    under_way_.cancel();
    if (pool_) {  // nobody makes or uses it any more
        pool_->stop();
    }
}

}  // namespace hawser::engine
