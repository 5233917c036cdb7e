#include "base/uuid.hpp"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <span>

namespace hawser::engine {
namespace {

constexpr std::size_t random_size = 8;

// One getrandom call serves 32 identifiers: at tens of thousands of messages a second the system call would show.
class random_pool {
public:
    void take(std::span<unsigned char, random_size> out) {
        if (used_ == bytes_.size()) {
            if (getrandom(bytes_.data(), bytes_.size(), 0) != static_cast<ssize_t>(bytes_.size())) {
                std::abort();  // at most 256 bytes a call never fail or come short once the kernel's pool is ready
            }
            used_ = 0;
        }
        for (unsigned char& byte : out) {
            byte = bytes_[used_];
            bytes_[used_++] = 0;
        }
    }

private:
    std::array<unsigned char, 256> bytes_{};
    std::size_t used_ = bytes_.size();
};

// Milliseconds, and behind them 12 bits of the fraction of one (RFC 9562 section 6.2, method 3). Always more than the
// last of this thread, also where the clock stands or goes back.
std::uint64_t next_time() {
    using std::chrono::duration_cast;
    using std::chrono::milliseconds;
    using std::chrono::nanoseconds;
    thread_local std::uint64_t last = 0;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto ms = duration_cast<milliseconds>(now);
    const auto fraction = static_cast<std::uint64_t>(duration_cast<nanoseconds>(now - ms).count()) * 4096 / 1'000'000;
    last = std::max(static_cast<std::uint64_t>(ms.count()) << 12U | fraction, last + 1);
    return last;
}

std::string to_text(const std::array<unsigned char, 16>& bytes) {
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

}  // namespace

std::string make_uuid() {
    thread_local random_pool pool;
    std::array<unsigned char, 16> bytes{};
    const std::uint64_t time = next_time();
    const std::uint64_t first_half = (time >> 12U) << 16U | 0x7000U | (time & 0xfffU);
    for (std::size_t i = 0; i < 8; ++i) {
        bytes[i] = static_cast<unsigned char>(first_half >> (56 - 8 * i));
    }
    pool.take(std::span(bytes).last<random_size>());
    bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3fU) | 0x80U);
    return to_text(bytes);
}

}  // namespace hawser::engine
