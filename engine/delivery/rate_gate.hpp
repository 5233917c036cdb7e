// Lets so many begin in a period and no more: evenly spaced, so that no second ever sees more than its share (the
// generic cell rate algorithm, ITU-T I.371), with a burst of what falls into 10 ms, so that high rates need no
// high-frequency timer. Pure: the caller gives the monotonic time. One thread at a time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

namespace hawser::engine {

struct rate_limit {
    std::uint32_t count = 0;  // 0 = no limit
    std::int64_t period_ms = 1000;

    bool operator==(const rate_limit&) const = default;
};

class rate_gate {
public:
    explicit rate_gate(rate_limit limit = {})
        : limit_(limit), interval_us_(limit.count == 0 ? 0 : std::max<std::int64_t>(1, period_us() / limit.count)) {}

    const rate_limit& limit() const noexcept { return limit_; }

    std::uint32_t available(std::int64_t now_ms) const noexcept {  // that may begin now
        if (interval_us_ == 0) {
            return std::numeric_limits<std::uint32_t>::max();
        }
        const std::int64_t now_us = now_ms * 1000;
        const std::int64_t spare_us = now_us + burst_us - std::max(next_us_, now_us);
        return spare_us < 0 ? 0 : static_cast<std::uint32_t>(1 + spare_us / interval_us_);
    }
    void take(std::int64_t now_ms) noexcept {
        if (interval_us_ != 0) {
            next_us_ = std::max(next_us_, now_ms * 1000) + interval_us_;
        }
    }
    std::int64_t next_ms() const noexcept { return (next_us_ - burst_us + 999) / 1000; }  // when one more may begin

private:
    static constexpr std::int64_t burst_us = 10'000;
    std::int64_t period_us() const noexcept { return limit_.period_ms * 1000; }

    rate_limit limit_;
    std::int64_t interval_us_ = 0;
    std::int64_t next_us_ = 0;  // when the next would begin if all came evenly
};

}  // namespace hawser::engine
