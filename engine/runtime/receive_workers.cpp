#include "runtime/receive_workers.hpp"

#include <chrono>
#include <future>

namespace hawser::engine {
namespace {
constexpr std::chrono::milliseconds waiting_interval(100);
}

result<void> receive_workers::run(const std::function<void()>& work, const std::function<void()>& while_waiting) {
    const auto task = std::make_shared<std::packaged_task<void()>>(work);
    std::future<void> ended = task->get_future();
    if (!post([task] { (*task)(); })) {
        return fail("not_accepted", "the host is stopping: nothing was stored, try again");
    }
    while (ended.wait_for(waiting_interval) != std::future_status::ready) {
        while_waiting();
    }
    while_waiting();
    ended.get();
    return {};
}

bool receive_workers::post(std::function<void()> work) {
    const std::lock_guard lock(mutex_);
    if (is_stopping_) {
        return false;
    }
    if (!pool_) {
        pool_ = std::make_unique<worker_pool>(thread_count_);
    }
    pool_->post(std::move(work));
    return true;
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
