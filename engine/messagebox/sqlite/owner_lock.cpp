#include "messagebox/sqlite/owner_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include "base/file_identity.hpp"

namespace hawser::engine::sqlite {
namespace {

constexpr std::chrono::milliseconds poll_interval{20};  // flock has no time-out of its own

std::string owner_of(int descriptor) {
    char text[32] = {};
    const ssize_t size = ::pread(descriptor, text, sizeof text - 1, 0);
    return size > 0 ? "process " + std::string(text, static_cast<std::size_t>(size)) : "another process";
}

bool is_at(const std::string& path, int descriptor) {
    const std::optional<file_identity> opened = identity_of(descriptor);
    return opened && opened == identity_at(path);
}

}  // namespace

// A lock on a file that somebody removed meanwhile keeps nobody out: then again.
result<owner_lock> owner_lock::take(const std::string& box_path, std::int64_t wait_ms) {
    const std::string path = path_of(box_path);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(wait_ms);
    while (true) {
        descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
        if (!file.is_open()) {
            return fail("box.io", "cannot open " + path + ": " + std::strerror(errno));
        }
        if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) {
            if (is_at(path, file.get())) {
                return owner_lock(std::move(file));
            }
        } else if (errno != EWOULDBLOCK && errno != EINTR) {
            return fail("box.io", "cannot lock " + path + ": " + std::strerror(errno));
        } else if (std::chrono::steady_clock::now() >= deadline) {
            return fail("box.locked", "the message box " + box_path + " is in use by " + owner_of(file.get()) +
                                          ": wait for it to end, or stop it");
        } else {
            std::this_thread::sleep_for(poll_interval);
        }
    }
}

owner_lock::owner_lock(descriptor file) : file_(std::move(file)) {
    const std::string owner = std::to_string(::getpid());
    if (::ftruncate(file_.get(), 0) != 0 || ::pwrite(file_.get(), owner.data(), owner.size(), 0) < 0) {
        // Only the text of somebody else's error would be poorer.
    }
}

}  // namespace hawser::engine::sqlite
