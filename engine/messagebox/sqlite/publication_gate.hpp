// Whether something may be published now: the operator's limits, and the disk. Made by the SQLite store; asked by its
// writer before it publishes and by whoever stages a body. Results never ask: they make room. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "messagebox/message_box.hpp"
#include "messagebox/sqlite/disk_reserve.hpp"

namespace hawser::engine::sqlite {

class publication_gate {
public:
    // `on_disk_full` is told when the disk becomes full: short, on whatever thread found it so.
    publication_gate(const std::string& box_path, std::function<void()> on_disk_full)
        : reserve_(box_path), on_disk_full_(std::move(on_disk_full)) {}

    void set_limits(const box_limits& limits);
    bool limits_depth() const noexcept { return queue_depth_max_ > 0; }

    // Why it may not, and what to do; "" = it may.
    std::string depth_refusal(std::int64_t depth) const;
    std::string disk_refusal(std::size_t size);  // of what is about to be written

    // A write found no space: the reserve is given up, and nothing is published until look_for_room() has found some.
    void note_disk_full();
    bool is_disk_full() const noexcept { return is_disk_full_; }
    // Once at the start, and now and then while the disk is full or has little room beside the reserve. Without the
    // reserve and without room for it the disk is full.
    void look_for_room();
    bool lacks_reserve() const noexcept { return lacks_reserve_; }

    std::int64_t reserve_size() const noexcept { return reserve_.size(); }

    void note_depth(std::int64_t depth) noexcept { depth_ = depth; }
    std::vector<std::string> warnings();

    static constexpr std::int64_t look_interval_ms = 200;                   // at the disk …
    static constexpr std::int64_t reserve_interval_ms = 2000;               // … for the reserve that is lacking
    static constexpr std::uint64_t look_interval_bytes = 16 * 1024 * 1024;  // … or as soon as so much was written

private:
    std::int64_t free_bytes(std::size_t size);
    std::string full_text() const;

    disk_reserve reserve_;
    const std::function<void()> on_disk_full_;
    std::atomic<std::uint64_t> queue_depth_max_{0};
    std::atomic<std::int64_t> disk_free_min_{0};
    std::atomic<std::int64_t> depth_{0};
    std::atomic<bool> is_disk_full_{false};
    std::atomic<bool> lacks_reserve_{false};
    std::mutex mutex_;
    std::int64_t free_bytes_ = 0;
    std::int64_t look_at_ms_ = 0;
    std::uint64_t written_bytes_ = 0;  // since the last look
};

}  // namespace hawser::engine::sqlite
