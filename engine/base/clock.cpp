#include "base/clock.hpp"

#include <fmt/chrono.h>
#include <sys/random.h>

#include <array>
#include <chrono>
#include <cstdlib>

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

// One getrandom call serves 16 identifiers: at tens of thousands of messages a second the system call would show.
class random_pool {
public:
    std::array<unsigned char, 16> take() {
        if (used_ + 16 > bytes_.size()) {
            if (getrandom(bytes_.data(), bytes_.size(), 0) != static_cast<ssize_t>(bytes_.size())) {
                std::abort();  // at most 256 bytes a call never fail or come short once the kernel's pool is ready
            }
            used_ = 0;
        }
        std::array<unsigned char, 16> out{};
        for (unsigned char& byte : out) {
            byte = bytes_[used_];
            bytes_[used_++] = 0;
        }
        return out;
    }

private:
    std::array<unsigned char, 256> bytes_{};
    std::size_t used_ = bytes_.size();
};

}  // namespace

std::string rfc3339(std::int64_t unix_ms) {
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}Z", fmt::gmtime(static_cast<std::time_t>(unix_ms / 1000)));
}

clock& system_clock() noexcept {
    static process_clock instance;
    return instance;
}

std::string make_uuid() {
    thread_local random_pool pool;
    std::array<unsigned char, 16> bytes = pool.take();
    bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0fU) | 0x40U);
    bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3fU) | 0x80U);
    static constexpr char digits[] = "0123456789abcdef";
    std::string text(36, '-');
    std::size_t at = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        at += i == 4 || i == 6 || i == 8 || i == 10 ? 1 : 0;
        text[at++] = digits[bytes[i] >> 4U];
        text[at++] = digits[bytes[i] & 0x0fU];
    }
    return text;
}

}  // namespace hawser::engine
