// When the writer may remove the next piece of what is not kept any longer, so that nobody waits for it: while nothing
// else is to be written, for a fifth of the time at most; under load one piece a second, or as many as while it is idle
// where tracking has grown far beyond its limit (a full disk would stop more than pruning does). Times are monotonic
// milliseconds. Used by the writer thread only.
#pragma once

#include <algorithm>
#include <cstdint>

namespace hawser::engine::sqlite {

enum class writer_load : std::uint8_t { idle = 1, busy, busy_and_far_over };

class prune_schedule {
public:
    explicit prune_schedule(std::int64_t now_ms) : look_at_ms_(now_ms) {}

    bool is_due(std::int64_t now_ms, writer_load load) const noexcept {
        return now_ms >= (load == writer_load::busy ? busy_until_ms_ : rest_until_ms_) &&
               (has_more_ || now_ms >= look_at_ms_);
    }
    // How long an idle writer may sleep.
    std::int64_t wait_ms(std::int64_t now_ms) const noexcept {
        return std::max<std::int64_t>(0, std::max(rest_until_ms_, has_more_ ? 0 : look_at_ms_) - now_ms);
    }
    void hurry() noexcept { has_more_ = true; }  // a limit was changed or passed
    void has_looked(std::int64_t now_ms, std::int64_t took_ms, bool has_more) noexcept {
        has_more_ = has_more;
        look_at_ms_ = now_ms + look_interval_ms;
        rest_until_ms_ = has_more ? now_ms + std::max<std::int64_t>(1, 4 * took_ms) : now_ms;
        busy_until_ms_ = now_ms + busy_interval_ms;
    }
    void has_failed(std::int64_t now_ms) noexcept {
        has_more_ = false;
        look_at_ms_ = rest_until_ms_ = busy_until_ms_ = now_ms + look_interval_ms;
    }

    static constexpr std::int64_t look_interval_ms = 10 * 1000;
    static constexpr std::int64_t busy_interval_ms = 1000;

private:
    std::int64_t look_at_ms_;  // for what has become too old
    std::int64_t rest_until_ms_ = 0;
    std::int64_t busy_until_ms_ = 0;
    bool has_more_ = false;
};

}  // namespace hawser::engine::sqlite
