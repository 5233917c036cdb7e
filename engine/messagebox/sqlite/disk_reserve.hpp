// Space that is kept for the day when the disk is full: a file beside the box that is allocated and holds nothing.
// Without it not even the result of a delivery could be stored then, nor a message be removed: both are written to the
// WAL first. Given up at the first write that finds no space, taken again when there is room for it twice over.
// Thread-safe. Failure: a file system that cannot allocate has no reserve, and nothing else is different.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

namespace hawser::engine::sqlite {

class disk_reserve {
public:
    static constexpr std::int64_t size_max = 16 * 1024 * 1024;
    static constexpr std::int64_t share_of_disk = 8;  // of a small disk, an eighth

    explicit disk_reserve(const std::string& box_path);  // <box>.reserve; takes nothing yet

    // Takes the space where it is not held and there is room for it; true = there is room, for more than the reserve.
    bool take() noexcept;
    bool is_held() const noexcept;
    void give_up() noexcept;
    std::int64_t size() const noexcept { return size_; }
    const std::string& folder() const noexcept { return folder_; }

private:
    bool allocate() noexcept;  // as take()

    const std::string path_;
    const std::string folder_;
    std::int64_t size_ = 0;
    mutable std::mutex mutex_;
    bool is_held_ = false;
};

// Bytes that may be written to the file system of this folder; nullopt = it does not say.
struct disk_space {
    std::int64_t free_bytes = 0;
    std::int64_t total_bytes = 0;
};
bool read_disk_space(const std::string& folder, disk_space& space) noexcept;

}  // namespace hawser::engine::sqlite
