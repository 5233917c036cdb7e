#include "base/clock.hpp"

#include <fmt/chrono.h>

#include <chrono>

namespace hawser::engine {
namespace {

class process_clock final : public clock {
public:
    std::int64_t unix_ms() const noexcept override { return since_epoch<std::chrono::system_clock>(); }
    std::int64_t monotonic_ms() const noexcept override { return since_epoch<std::chrono::steady_clock>(); }

private:
    template <typename Clock>
    static std::int64_t since_epoch() noexcept {
        return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now().time_since_epoch()).count();
    }
};

}  // namespace

std::string rfc3339(std::int64_t unix_ms) {
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}Z", fmt::gmtime(static_cast<std::time_t>(unix_ms / 1000)));
}

clock& system_clock() noexcept {
    static process_clock instance;
    return instance;
}

}  // namespace hawser::engine
