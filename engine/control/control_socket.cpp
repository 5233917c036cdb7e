#include "control/control_socket.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

namespace hawser::engine::control {
namespace {

constexpr int backlog = 32;

// A path made to fit sun_path; `folder` has to stay open until bind or connect has returned.
struct socket_address {
    sockaddr_un address{};
    descriptor folder;
};

result<socket_address> address_of(const std::string& path) {
    socket_address made;
    made.address.sun_family = AF_UNIX;
    std::string name = path;
    if (path.size() >= sizeof made.address.sun_path) {
        const std::size_t slash = path.rfind('/');
        const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
        made.folder = descriptor(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (!made.folder.is_open()) {
            const bool is_missing = errno == ENOENT;
            return fail(is_missing ? "host.not-running" : "host.io",
                        fmt::format("cannot open the folder {}: {}", folder, std::strerror(errno)));
        }
        name = fmt::format("/proc/self/fd/{}/{}", made.folder.get(),
                           slash == std::string::npos ? path : path.substr(slash + 1));
        if (name.size() >= sizeof made.address.sun_path) {
            return fail(
                "host.io",
                fmt::format(
                    "the socket's file name in {} is too long (at most {} bytes): give the message box a shorter name",
                    path, sizeof made.address.sun_path - 32));
        }
    }
    std::memcpy(made.address.sun_path, name.c_str(), name.size() + 1);
    return made;
}

std::string io_text(const char* what, const std::string& path) {
    return fmt::format("cannot {} the socket {}: {}", what, path, std::strerror(errno));
}

descriptor new_socket() { return descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)); }

}  // namespace

result<descriptor> listen_on(const std::string& path) {
    struct stat found {};
    if (::lstat(path.c_str(), &found) == 0) {
        if (!S_ISSOCK(found.st_mode)) {
            return fail(
                "host.io",
                fmt::format("{} is in the way and is not a socket: move it away, or give the message box another path",
                            path));
        }
        if (::unlink(path.c_str()) != 0) {
            return fail("host.io", io_text("remove", path));
        }
    }
    result<socket_address> address = address_of(path);
    if (!address) {
        return unexpected{address.error()};
    }
    descriptor made = new_socket();
    // Linux gives the file the socket inode's mode less the umask (unix(7)), so it is never open to others, not for an
    // instant, and no process-wide umask has to change under other threads.
    if (!made.is_open() || ::fchmod(made.get(), S_IRUSR | S_IWUSR) != 0) {
        return fail("host.io", io_text("make", path));
    }
    if (::bind(made.get(), reinterpret_cast<const sockaddr*>(&address->address), sizeof address->address) != 0) {
        return fail("host.io", io_text("make", path));
    }
    if (::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0 || ::listen(made.get(), backlog) != 0) {
        const std::string text = io_text("listen on", path);
        remove_socket(path);
        return fail("host.io", text);
    }
    return made;
}

result<descriptor> connect_to(const std::string& path) {
    result<socket_address> address = address_of(path);
    if (!address) {
        return unexpected{address.error()};
    }
    descriptor made = new_socket();
    if (!made.is_open()) {
        return fail("host.io", io_text("open", path));
    }
    int status = 0;
    do {
        status = ::connect(made.get(), reinterpret_cast<const sockaddr*>(&address->address), sizeof address->address);
    } while (status != 0 && errno == EINTR);
    if (status == 0) {
        return made;
    }
    if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR) {
        return fail("host.not-running",
                    fmt::format("no host is running for this message box (nobody listens on {})", path));
    }
    if (errno == EACCES || errno == EPERM) {
        return fail("host.refused",
                    fmt::format("the host of {} belongs to another user: run this command as that user", path));
    }
    return fail("host.io", io_text("connect to", path));
}

result<uid_t> peer_user(int socket) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
        return fail("host.io",
                    fmt::format("cannot find out who is at the other end of the socket: {}", std::strerror(errno)));
    }
    return peer.uid;
}

void remove_socket(const std::string& path) noexcept {
    struct stat found {};
    if (::lstat(path.c_str(), &found) == 0 && S_ISSOCK(found.st_mode)) {
        ::unlink(path.c_str());
    }
}

}  // namespace hawser::engine::control
