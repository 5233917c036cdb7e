// Adapter instances that a reload has taken out of use: each is stopped and destroyed once its last attempt has ended,
// on a thread of its own, because whoever lets go of an instance last may be a thread of the instance itself. Made by
// local_host; outlives every instance that it watches. Thread-safe. Failure: none; where no thread can be had they
// wait.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "delivery/send_port_runtime.hpp"

namespace hawser::engine {

class retired_adapters {
public:
    retired_adapters() = default;
    ~retired_adapters() { finish(); }
    retired_adapters(const retired_adapters&) = delete;
    retired_adapters& operator=(const retired_adapters&) = delete;

    // The same instance; when the last owner of what is returned lets go, it is retired.
    std::shared_ptr<adapter_instance> watch(std::shared_ptr<adapter_instance> made);

    // Stops and destroys those that are retired by now. Whoever is let go of later was stopped by the host, and is
    // destroyed at once. Blocks.
    void finish();

private:
    void retire(std::shared_ptr<adapter_instance> instance);
    void run();

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::shared_ptr<adapter_instance>> retired_;
    bool is_finishing_ = false;
    std::thread thread_;  // from the first one on
};

}  // namespace hawser::engine
