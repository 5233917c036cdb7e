// Callbacks that the host may run late or never: it is given a number instead of a pointer, so a callback that was
// forgotten is neither leaked nor touched again. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "hawser/abi.h"

namespace hawser {
inline namespace sdk_1 {
namespace detail {

class callback_table {
public:
    // Plugins are never unloaded, and a callback may still come while the process ends: the table is never destroyed.
    static callback_table& instance() {
        static callback_table* const table = new callback_table;
        return *table;
    }

    std::uintptr_t add(std::function<void()> function) {
        auto one = std::make_shared<entry>();
        one->function = std::move(function);
        const std::lock_guard lock(mutex_);
        entries_.emplace(++last_id_, std::move(one));
        return last_id_;
    }

    // It does not start any more.
    void forget(std::uintptr_t id) noexcept { (void)take(id, keeps::nothing); }

    // As forget, and waits for it where it is running on another thread.
    void forget_and_wait(std::uintptr_t id) noexcept {
        if (const std::shared_ptr<entry> one = take(id, keeps::nothing)) {
            const std::lock_guard lock(one->running);
            one->function = nullptr;
        }
    }

    static void run(void* user) noexcept {   // the hawser_callback of all of them
        callback_table& table = instance();
        const auto id = reinterpret_cast<std::uintptr_t>(user);
        const std::shared_ptr<entry> one = table.take(id, keeps::entry);
        if (!one) {
            return;
        }
        {
            const std::lock_guard lock(one->running);
            if (const std::function<void()> function = std::exchange(one->function, nullptr)) {
                try {
                    function();
                } catch (...) {
                    // A callback has nobody to fail to; what it was about is noticed by whoever reads next.
                }
            }
        }
        table.forget(id);
    }

private:
    enum class keeps : std::uint8_t { entry = 1, nothing };
    struct entry {
        std::recursive_mutex running;   // recursive: a callback may end its own registration
        std::function<void()> function;
    };

    std::shared_ptr<entry> take(std::uintptr_t id, keeps what) noexcept {
        const std::lock_guard lock(mutex_);
        const auto found = entries_.find(id);
        if (found == entries_.end()) {
            return nullptr;
        }
        std::shared_ptr<entry> one = found->second;
        if (what == keeps::nothing) {
            entries_.erase(found);
        }
        return one;
    }

    std::mutex mutex_;
    std::unordered_map<std::uintptr_t, std::shared_ptr<entry>> entries_;
    std::uintptr_t last_id_ = 0;
};

inline void* to_user(std::uintptr_t id) noexcept { return reinterpret_cast<void*>(id); }

}  // namespace detail

// Ends a message's on_cancel when it goes, and waits for the callback if it is just running on another thread.
class cancel_registration {
public:
    cancel_registration() = default;
    explicit cancel_registration(std::uintptr_t id) noexcept : id_(id) {}
    cancel_registration(cancel_registration&& other) noexcept : id_(std::exchange(other.id_, 0)) {}
    cancel_registration& operator=(cancel_registration&& other) noexcept {
        std::swap(id_, other.id_);
        return *this;
    }
    ~cancel_registration() {
        if (id_ != 0) {
            detail::callback_table::instance().forget_and_wait(id_);
        }
    }

private:
    std::uintptr_t id_ = 0;
};

}  // namespace sdk_1
}  // namespace hawser
