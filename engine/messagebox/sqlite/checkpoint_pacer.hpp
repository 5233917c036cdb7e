// When the WAL goes into the database, so that it stays small and the writer hardly waits: most of it is moved beside
// the writer, on another connection; what was written meanwhile the writer then moves itself, between two groups. Only
// then is all of it moved at one time, and the next transaction starts the WAL from its beginning, in blocks that the
// file has already (to overwrite is quicker to sync than to append). Thread-safe.
#pragma once

#include <cstdint>
#include <mutex>

namespace hawser::engine::sqlite {

class checkpoint_pacer {
public:
    explicit checkpoint_pacer(int pages_max) : pages_max_(pages_max) {}

    enum class step : std::uint8_t { none = 1, begin_beside, wait_for_beside, finish };

    // The writer's next step after a commit that leaves so many pages in the WAL.
    step after_commit(int wal_pages) {
        const std::lock_guard lock(mutex_);
        switch (state_) {
        case state::idle:
            if (wal_pages < pages_max_ / 2) {
                again_at_ = 0;
            } else if (wal_pages >= again_at_) {
                state_ = state::beside;
                return step::begin_beside;
            }
            return step::none;
        case state::beside: return wal_pages < pages_max_ ? step::none : step::wait_for_beside;
        case state::moved: return step::finish;
        }
        return step::none;
    }
    void has_moved_beside() {
        const std::lock_guard lock(mutex_);
        state_ = state::moved;
    }
    void has_finished(int wal_pages) {
        const std::lock_guard lock(mutex_);
        state_ = state::idle;
        again_at_ = wal_pages + pages_max_ / 8;  // a reader may have kept the WAL from being moved as a whole
    }

private:
    enum class state : std::uint8_t { idle = 1, beside, moved };

    const int pages_max_;  // then the writer waits for what goes on beside it, which begins at half of them
    std::mutex mutex_;
    state state_ = state::idle;
    int again_at_ = 0;
};

}  // namespace hawser::engine::sqlite
