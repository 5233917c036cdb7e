// Whether an attempt was cancelled, and who wants to be told. Thread-safe. A callback runs at most once: when cancel()
// is called, or at once where it was called already; after close() none runs, and close() waits for one that is
// running.
#pragma once

#include <atomic>
#include <mutex>
#include <utility>
#include <vector>

#include "hawser/abi.h"

namespace hawser::engine {

class cancellation {
public:
    bool is_cancelled() const noexcept { return is_cancelled_.load(std::memory_order_acquire); }
    void on_cancel(hawser_callback callback, void* user);
    void cancel();
    void close();

private:
    std::atomic<bool> is_cancelled_{false};
    std::recursive_mutex mutex_;  // recursive: a callback may complete the delivery, which closes this
    std::vector<std::pair<hawser_callback, void*>> callbacks_;
    bool is_closed_ = false;
};

}  // namespace hawser::engine
