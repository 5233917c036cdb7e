#include "messagebox/sqlite/owner_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

namespace hawser::engine::sqlite {
namespace {

constexpr std::chrono::milliseconds poll_interval{20};  // flock has no time-out of its own

std::string owner_of(int descriptor) {
    char text[32] = {};
    const ssize_t size = ::pread(descriptor, text, sizeof text - 1, 0);
    return size > 0 ? "process " + std::string(text, static_cast<std::size_t>(size)) : "another process";
}

}  // namespace

result<owner_lock> owner_lock::take(const std::string& box_path, std::int64_t wait_ms) {
    const std::string path = box_path + ".lock";
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0) {
        return fail("box.io", "cannot open " + path + ": " + std::strerror(errno));
    }
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(wait_ms);
    while (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            const int reason = errno;
            ::close(descriptor);
            return fail("box.io", "cannot lock " + path + ": " + std::strerror(reason));
        }
        if (std::chrono::steady_clock::now() >= deadline) {
            const std::string owner = owner_of(descriptor);
            ::close(descriptor);
            return fail("box.locked",
                        "the message box " + box_path + " is in use by " + owner + ": wait for it to end, or stop it");
        }
        std::this_thread::sleep_for(poll_interval);
    }
    const std::string owner = std::to_string(::getpid());
    if (::ftruncate(descriptor, 0) != 0 || ::pwrite(descriptor, owner.data(), owner.size(), 0) < 0) {
        // Only the text of somebody else's error would be poorer.
    }
    return owner_lock(descriptor);
}

owner_lock& owner_lock::operator=(owner_lock&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

owner_lock::~owner_lock() {
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    }
}

}  // namespace hawser::engine::sqlite
