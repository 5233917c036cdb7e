#include "runtime/retired_adapters.hpp"

#include <utility>

#include "base/log.hpp"

namespace hawser::engine {

std::shared_ptr<adapter_instance> retired_adapters::watch(std::shared_ptr<adapter_instance> made) {
    {
        const std::lock_guard lock(mutex_);
        if (!thread_.joinable()) {
            thread_ = std::thread([this] { run(); });
        }
    }
    adapter_instance* const instance = made.get();
    const auto one = std::make_shared<instances>(1, std::move(made));
    return {instance, [this, one](adapter_instance*) { retire(*one); }};
}

void retired_adapters::retire(instances& one) noexcept {
    {
        const std::lock_guard lock(mutex_);
        if (!is_finishing_) {
            retired_.splice(retired_.end(), one);
            changed_.notify_all();
        }
    }
    one.clear();
}

void retired_adapters::run() {
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, [this] { return is_finishing_ || !retired_.empty(); });
        if (retired_.empty()) {
            return;
        }
        std::shared_ptr<adapter_instance> instance = std::move(retired_.front());
        retired_.pop_front();
        lock.unlock();
        instance->stop();
        log::info("an adapter that a reload has replaced was stopped",
                  {{"adapter", std::string(from_abi(instance->descriptor().id))}});
        instance.reset();
        lock.lock();
    }
}

void retired_adapters::finish() {
    {
        const std::lock_guard lock(mutex_);
        is_finishing_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) {
        thread_.join();
    }
}

}  // namespace hawser::engine
