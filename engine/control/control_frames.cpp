#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/clock.hpp"
#include "control/control_protocol.hpp"

namespace hawser::engine::control {
namespace {

constexpr std::size_t length_size = 4;
constexpr std::int64_t abandoned_check_interval_ms = 200;

// Waits for `events`; false when the deadline has passed. A hang-up counts as readiness: the next call finds it.
bool wait_ready(int socket, short events, std::int64_t deadline_ms) {
    while (true) {
        const std::int64_t left_ms =
            deadline_ms < 0 ? -1 : std::max<std::int64_t>(deadline_ms - system_clock().monotonic_ms(), 0);
        pollfd watched{socket, events, 0};
        const int ready = ::poll(&watched, 1, static_cast<int>(std::min<std::int64_t>(left_ms, 1'000'000)));
        if (ready > 0) {
            return true;
        }
        if (ready < 0 && errno != EINTR) {
            return true;   // the read or write that follows reports it
        }
        if (ready == 0 && left_ms >= 0 && system_clock().monotonic_ms() >= deadline_ms) {
            return false;
        }
    }
}

// Takes the descriptors of one recvmsg into `into`, whatever happens: a descriptor not taken would leak into the host.
void take_descriptors(msghdr& message, std::vector<descriptor>& into) {
    for (cmsghdr* control = CMSG_FIRSTHDR(&message); control != nullptr; control = CMSG_NXTHDR(&message, control)) {
        if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        const std::size_t count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int number = -1;
            std::memcpy(&number, CMSG_DATA(control) + i * sizeof(int), sizeof(int));
            into.emplace_back(number);
        }
    }
}

struct piece {
    std::size_t size = 0;
    bool is_end = false;        // orderly end, or the connection is gone
    bool is_too_many = false;   // descriptors
};

piece read_piece(int socket, char* buffer, std::size_t capacity, std::vector<descriptor>& descriptors) {
    // SCM_MAX_FD is 253: room for that many, so that the kernel never drops one without our seeing MSG_CTRUNC.
    alignas(cmsghdr) std::array<char, CMSG_SPACE(253 * sizeof(int))> control{};
    iovec vector{buffer, capacity};
    msghdr message{};
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t size = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (size < 0) {
        return {.size = 0, .is_end = errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR};
    }
    take_descriptors(message, descriptors);
    return {.size = static_cast<std::size_t>(size),
            .is_end = size == 0,
            .is_too_many = (message.msg_flags & MSG_CTRUNC) != 0 || descriptors.size() > descriptors_max};
}

frame_status read_exactly(int socket, char* buffer, std::size_t size, std::int64_t deadline_ms,
                          std::vector<descriptor>& descriptors) {
    std::size_t have = 0;
    while (have < size) {
        const piece next = read_piece(socket, buffer + have, size - have, descriptors);
        have += next.size;
        if (next.is_too_many) {
            return frame_status::too_large;
        }
        if (next.is_end) {
            return frame_status::broken;
        }
        if (next.size == 0 && !wait_ready(socket, POLLIN, deadline_ms)) {
            return frame_status::broken;
        }
    }
    return frame_status::done;
}

frame_status wait_first_byte(int socket, std::int64_t wait_ms, const std::function<bool()>& is_abandoned) {
    const std::int64_t end_ms = wait_ms < 0 ? -1 : system_clock().monotonic_ms() + wait_ms;
    while (true) {
        std::int64_t slice_end_ms = end_ms;
        if (is_abandoned) {
            if (is_abandoned()) {
                return frame_status::abandoned;
            }
            slice_end_ms = system_clock().monotonic_ms() + abandoned_check_interval_ms;
            if (end_ms >= 0) {
                slice_end_ms = std::min(slice_end_ms, end_ms);
            }
        }
        if (wait_ready(socket, POLLIN, slice_end_ms)) {
            return frame_status::done;
        }
        if (end_ms >= 0 && system_clock().monotonic_ms() >= end_ms) {
            return frame_status::idle;
        }
    }
}

}  // namespace

frame_status read_frame(int socket, std::size_t size_max, std::int64_t first_byte_wait_ms, frame& into,
                        const std::function<bool()>& is_abandoned) {
    into.json.clear();
    into.descriptors.clear();
    if (const frame_status status = wait_first_byte(socket, first_byte_wait_ms, is_abandoned);
        status != frame_status::done) {
        return status;
    }
    const std::int64_t deadline_ms = system_clock().monotonic_ms() + frame_wait_ms;
    std::array<unsigned char, length_size> length{};
    char first = 0;
    // A connection that ends before the first byte has ended well; later it has broken.
    const piece start = read_piece(socket, &first, 1, into.descriptors);
    if (start.is_too_many) {
        return frame_status::too_large;
    }
    if (start.size == 0) {
        return frame_status::closed;
    }
    length[0] = static_cast<unsigned char>(first);
    frame_status status = read_exactly(socket, reinterpret_cast<char*>(length.data()) + 1, length_size - 1, deadline_ms,
                                       into.descriptors);
    if (status != frame_status::done) {
        return status;
    }
    const std::size_t size =
        (std::size_t{length[0]} << 24) | (std::size_t{length[1]} << 16) | (std::size_t{length[2]} << 8) | length[3];
    if (size > size_max) {
        return frame_status::too_large;
    }
    // Grown with what has come, not with what was promised: a length alone costs the host nothing.
    constexpr std::size_t step = 64 * 1024;
    while (into.json.size() < size && status == frame_status::done) {
        const std::size_t have = into.json.size();
        const std::size_t next = std::min(step, size - have);
        into.json.resize(have + next);
        status = read_exactly(socket, into.json.data() + have, next, deadline_ms, into.descriptors);
    }
    return status;
}

bool write_frame(int socket, const std::string& json, const std::vector<int>& descriptors) {
    if (descriptors.size() > descriptors_max) {
        return false;
    }
    const std::size_t size = json.size();
    std::string bytes{static_cast<char>(size >> 24), static_cast<char>(size >> 16), static_cast<char>(size >> 8),
                      static_cast<char>(size)};
    bytes += json;
    const std::int64_t deadline_ms = system_clock().monotonic_ms() + frame_wait_ms;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(descriptors_max * sizeof(int))> control{};
    std::size_t sent = 0;
    while (sent < bytes.size()) {
        iovec vector{bytes.data() + sent, bytes.size() - sent};
        msghdr message{};
        message.msg_iov = &vector;
        message.msg_iovlen = 1;
        if (sent == 0 && !descriptors.empty()) {   // they go with the first byte, once
            message.msg_control = control.data();
            message.msg_controllen = CMSG_SPACE(descriptors.size() * sizeof(int));
            cmsghdr* header = CMSG_FIRSTHDR(&message);
            header->cmsg_level = SOL_SOCKET;
            header->cmsg_type = SCM_RIGHTS;
            header->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
            std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size() * sizeof(int));
        }
        const ssize_t written = ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (written > 0) {
            sent += static_cast<std::size_t>(written);
        } else if (written < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
            return false;
        } else if (!wait_ready(socket, POLLOUT, deadline_ms)) {
            return false;
        }
    }
    return true;
}

}  // namespace hawser::engine::control
