#include "messagebox/sqlite/publication_gate.hpp"

#include <fmt/format.h>

#include <limits>
#include <utility>

#include "base/clock.hpp"
#include "base/log.hpp"

namespace hawser::engine::sqlite {
namespace {

std::string in_mebibytes(std::int64_t bytes) {
    return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1024.0 * 1024.0));
}

}  // namespace

void publication_gate::set_limits(const box_limits& limits) {
    queue_depth_max_ = limits.queue_depth_max;
    disk_free_min_ = limits.disk_free_min_bytes;
    const std::lock_guard lock(mutex_);
    look_at_ms_ = 0;
}

std::string publication_gate::depth_refusal(std::int64_t depth) const {
    const std::uint64_t limit = queue_depth_max_;
    if (limit == 0 || depth < 0 || static_cast<std::uint64_t>(depth) < limit) {
        return {};
    }
    return fmt::format(
        "the queue is full: {} deliveries wait, and host.limits.queueDepth is {}. Try again when some are delivered; "
        "hawser status says what holds them up",
        depth, limit);
}

std::int64_t publication_gate::free_bytes(std::size_t size) {
    const std::lock_guard lock(mutex_);
    written_bytes_ += size;
    const std::int64_t now_ms = system_clock().monotonic_ms();
    if (now_ms >= look_at_ms_ || written_bytes_ >= look_interval_bytes) {
        disk_space space;
        free_bytes_ =
            read_disk_space(reserve_.folder(), space) ? space.free_bytes : std::numeric_limits<std::int64_t>::max();
        look_at_ms_ = now_ms + look_interval_ms;
        written_bytes_ = 0;
    }
    return free_bytes_;
}

std::string publication_gate::full_text() const {
    return fmt::format(
        "the disk of the message box ({}) is full: free some space, then try again; messages are taken as soon as "
        "{} are free",
        reserve_.folder(), in_mebibytes(2 * reserve_.size()));
}

std::string publication_gate::disk_refusal(std::size_t size) {
    if (is_disk_full_) {
        return full_text();
    }
    const std::int64_t wanted = disk_free_min_;
    if (wanted <= 0) {
        return {};
    }
    const std::int64_t there = free_bytes(size);
    if (there >= wanted) {
        return {};
    }
    return fmt::format(
        "the disk of the message box ({}) has {} free, less than host.limits.diskFree keeps ({}): free some space, or "
        "lower the limit; then try again",
        reserve_.folder(), in_mebibytes(there), in_mebibytes(wanted));
}

void publication_gate::note_disk_full() {
    reserve_.give_up();
    if (!is_disk_full_.exchange(true)) {
        log::error(
            "the disk of the message box is full: no messages are taken until there is room again; results of "
            "deliveries are still stored",
            {{"folder", reserve_.folder()}, {"needed", in_mebibytes(2 * reserve_.size())}});
        on_disk_full_();
    }
}

void publication_gate::look_for_room() {
    const bool has_room = reserve_.take();
    lacks_reserve_ = !has_room;
    if (!has_room && !reserve_.is_held()) {  // given up by this host or the one before it
        note_disk_full();
    }
    if (has_room && is_disk_full_.exchange(false)) {
        log::info("there is room on the disk of the message box: messages are taken again",
                  {{"folder", reserve_.folder()}});
    }
}

std::vector<std::string> publication_gate::warnings() {
    std::vector<std::string> all;
    for (std::string text : {disk_refusal(0), depth_refusal(depth_)}) {
        if (!text.empty()) {
            all.push_back("no messages are taken: " + std::move(text));
        }
    }
    return all;
}

}  // namespace hawser::engine::sqlite
