// The time of day for what leaves this process as a time: the earliest retry of an outcome. Waits of ours use Asio's
// timers.
#pragma once

#include <chrono>
#include <cstdint>

namespace hawser::smtp {

inline std::int64_t unix_ms_now() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

}  // namespace hawser::smtp
