#include "runtime/retired_adapters.hpp"

#include <system_error>
#include <utility>

#include "base/log.hpp"

namespace hawser::engine {

std::shared_ptr<adapter_instance> retired_adapters::watch(std::shared_ptr<adapter_instance> made) {
    adapter_instance* const instance = made.get();
    return {instance, [this, made = std::move(made)](adapter_instance*) mutable { retire(std::move(made)); }};
}

void retired_adapters::retire(std::shared_ptr<adapter_instance> instance) {
    std::unique_lock lock(mutex_);
    if (is_finishing_) {
        lock.unlock();
        instance.reset();
        return;
    }
    retired_.push_back(std::move(instance));
    try {
        if (!thread_.joinable()) {
            thread_ = std::thread([this] { run(); });
        }
    } catch (const std::system_error&) {  // the next one, or finish(), has it stopped
    }
    changed_.notify_all();
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
    } else {
        run();  // those for which no thread could be made
    }
}

}  // namespace hawser::engine
