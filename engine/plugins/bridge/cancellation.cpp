#include "plugins/bridge/cancellation.hpp"

namespace hawser::engine {

void cancellation::on_cancel(hawser_callback callback, void* user) {
    const std::lock_guard lock(mutex_);
    if (is_closed_) {
        return;
    }
    if (is_cancelled()) {
        callback(user);
    } else {
        callbacks_.emplace_back(callback, user);
    }
}

void cancellation::cancel() {
    const std::lock_guard lock(mutex_);
    if (is_closed_ || is_cancelled_.exchange(true)) {
        return;
    }
    const auto callbacks = std::exchange(callbacks_, {});
    for (const auto& [callback, user] : callbacks) {
        if (is_closed_) {
            return;
        }
        callback(user);
    }
}

void cancellation::close() {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
    callbacks_.clear();
}

}  // namespace hawser::engine
