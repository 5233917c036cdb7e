#include "control/body_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace hawser::engine::control {
namespace {

constexpr std::size_t copy_size = 64 * 1024;

// Waits until a descriptor that somebody made non-blocking is ready again.
void wait_for(int number, short events) {
    pollfd watched{number, events, 0};
    ::poll(&watched, 1, -1);
}

result<void> write_all(int to, const char* bytes, std::size_t size) {
    while (size > 0) {
        const ssize_t written = ::write(to, bytes, size);
        if (written >= 0) {
            bytes += written;
            size -= static_cast<std::size_t>(written);
        } else if (errno == EAGAIN) {
            wait_for(to, POLLOUT);
        } else if (errno != EINTR) {
            return fail("body.spool", fmt::format("cannot write the body: {}", std::strerror(errno)));
        }
    }
    return {};
}

}  // namespace

bool is_regular_file(int number) noexcept {
    struct stat found {};
    return ::fstat(number, &found) == 0 && S_ISREG(found.st_mode);
}

result<descriptor> memory_file(const std::string& bytes) {
    descriptor made(::memfd_create("hawser-body", MFD_CLOEXEC));
    if (!made.is_open()) {
        return fail("body.spool", fmt::format("cannot make a file in memory: {}", std::strerror(errno)));
    }
    if (result<void> written = write_all(made.get(), bytes.data(), bytes.size()); !written) {
        return unexpected{written.error()};
    }
    ::lseek(made.get(), 0, SEEK_SET);
    return made;
}

result<descriptor> unnamed_file(const std::string& folder) {
    descriptor made(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (made.is_open()) {
        return made;
    }
    std::string name =
        folder + "/.hawser-body-XXXXXX";   // a file system without O_TMPFILE (NFS): a name for an instant
    made = descriptor(::mkostemp(name.data(), O_CLOEXEC));
    if (!made.is_open()) {
        return fail("body.spool", fmt::format("cannot make a temporary file in {}: {}", folder, std::strerror(errno)));
    }
    ::unlink(name.c_str());
    return made;
}

result<void> copy_all(int from, int to, const std::function<void(std::uint64_t)>& on_progress) {
    const auto buffer = std::make_unique<std::array<char, copy_size>>();
    std::uint64_t copied = 0;
    while (true) {
        const ssize_t size = ::read(from, buffer->data(), buffer->size());
        if (size == 0) {
            return {};
        }
        if (size < 0) {
            if (errno == EAGAIN) {
                wait_for(from, POLLIN);
            } else if (errno != EINTR) {
                return fail("body.read", fmt::format("cannot read the body: {}", std::strerror(errno)));
            }
            continue;
        }
        if (result<void> written = write_all(to, buffer->data(), static_cast<std::size_t>(size)); !written) {
            return written;
        }
        copied += static_cast<std::uint64_t>(size);
        if (on_progress) {
            on_progress(copied);
        }
    }
}

}  // namespace hawser::engine::control
