#include "messagebox/sqlite/disk_reserve.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

namespace hawser::engine::sqlite {
namespace {

std::string folder_of(const std::string& box_path) {
    const std::string folder = std::filesystem::path(box_path).parent_path().string();
    return folder.empty() ? "." : folder;
}

}  // namespace

bool read_disk_space(const std::string& folder, disk_space& space) noexcept {
    struct statvfs status {};
    if (::statvfs(folder.c_str(), &status) != 0) {
        return false;
    }
    const auto block = static_cast<std::int64_t>(status.f_frsize);
    space.free_bytes = static_cast<std::int64_t>(status.f_bavail) * block;
    space.total_bytes = static_cast<std::int64_t>(status.f_blocks) * block;
    return true;
}

disk_reserve::disk_reserve(const std::string& box_path) : path_(box_path + ".reserve"), folder_(folder_of(box_path)) {
    disk_space space;
    const bool is_known = read_disk_space(folder_, space) && space.total_bytes > 0;
    size_ = is_known ? std::min(size_max, space.total_bytes / share_of_disk) : size_max;
    struct stat left {};  // by the host before this one
    is_held_ = ::lstat(path_.c_str(), &left) == 0 && S_ISREG(left.st_mode) && left.st_blocks * 512 >= size_;
}

bool disk_reserve::take() noexcept {
    const std::lock_guard lock(mutex_);
    disk_space space;
    if (!read_disk_space(folder_, space)) {
        return true;  // nothing is known against it
    }
    if (is_held_) {
        return space.free_bytes >= size_;
    }
    return space.free_bytes >= 2 * size_ && allocate();
}

bool disk_reserve::is_held() const noexcept {
    const std::lock_guard lock(mutex_);
    return is_held_;
}

// Twice the size, and then cut: a quota, of which the file system's free space says nothing, has to leave as much.
bool disk_reserve::allocate() noexcept {
    const int file = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) {
        return true;
    }
    int failed = 0;
    do {
        failed = ::fallocate(file, 0, 0, 2 * size_) == 0 && ::ftruncate(file, size_) == 0 ? 0 : errno;
    } while (failed == EINTR);
    ::close(file);
    is_held_ = failed == 0;
    if (!is_held_) {
        ::unlink(path_.c_str());
    }
    return failed != ENOSPC && failed != EDQUOT;
}

void disk_reserve::give_up() noexcept {
    const std::lock_guard lock(mutex_);
    ::unlink(path_.c_str());
    is_held_ = false;
}

}  // namespace hawser::engine::sqlite
