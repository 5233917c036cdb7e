#include "runtime/counters.hpp"

namespace hawser::engine {

void counters::add(std::string_view counter, std::int64_t delta) noexcept {
    const std::lock_guard lock(mutex_);
    const auto found = values_.find(counter);
    if (found != values_.end()) {
        found->second += delta;
        return;
    }
    try {
        if (values_.size() < counter_count_max) {
            values_.emplace(std::string(counter), delta);
        }
    } catch (const std::bad_alloc&) {
        // A counter is the last thing to fail for.
    }
}

std::map<std::string, std::int64_t, std::less<>> counters::values() const {
    const std::lock_guard lock(mutex_);
    return values_;
}

}  // namespace hawser::engine
