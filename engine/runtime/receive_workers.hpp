// The workers that receive pipelines run on: as many as the host's workers for delivery, and not the same, so that
// large messages which come in hold back none that goes out. Their threads are made when the first is needed.
// Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include "base/result.hpp"
#include "pipeline/worker_pool.hpp"
#include "runtime/received_message.hpp"

namespace hawser::engine {

class receive_workers {
public:
    static constexpr const char* stopping = "the host is stopping: nothing was stored, try again";

    explicit receive_workers(unsigned thread_count) : thread_count_(thread_count) {}
    ~receive_workers() { stop(); }
    receive_workers(const receive_workers&) = delete;
    receive_workers& operator=(const receive_workers&) = delete;

    // Runs `work` on a worker and waits for its end; calls `while_waiting` several times a second, and at the end. What
    // `work` throws is thrown here, and what `while_waiting` throws, which is not called again then: once `work` has
    // ended. Code not_accepted: the host is stopping, or has no thread for it.
    result<void> run(const std::function<void()>& work, const std::function<void()>& while_waiting);
    result<void> post(std::function<void()> work);  // not_accepted, as above
    messages_under_way& under_way() noexcept { return under_way_; }

    // Takes no more, cancels what is under way, and waits for it.
    void stop();

private:
    const unsigned thread_count_;
    messages_under_way under_way_;
    std::mutex mutex_;
    std::unique_ptr<worker_pool> pool_;
    bool is_stopping_ = false;
};

}  // namespace hawser::engine
