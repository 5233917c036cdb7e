#include <doctest/doctest.h>
#include <sys/socket.h>

#include <cstring>

#include "control/control_fixture.hpp"

using namespace hawser::engine;
using namespace hawser::engine::control;
using namespace hawser::engine::control::test;

namespace {

struct socket_pair {
    descriptor left;
    descriptor right;
    socket_pair() {
        int ends[2];
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
        left = descriptor(ends[0]);
        right = descriptor(ends[1]);
    }
    void send_raw(const std::string& bytes) const {
        REQUIRE(::send(left.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
    }
    frame_status read(frame& into) const { return read_frame(right.get(), 1000, 10'000, into); }
};

int open_descriptors() {
    int count = 0;
    for ([[maybe_unused]] const auto& one : std::filesystem::directory_iterator("/proc/self/fd")) {
        ++count;
    }
    return count;
}

}  // namespace

TEST_CASE("a frame is its length and its bytes, and brings its descriptors") {
    socket_pair pair;
    temporary_folder folder;
    write_text(folder.file("f"), "inside");
    const descriptor file(::open(folder.file("f").c_str(), O_RDONLY | O_CLOEXEC));
    REQUIRE(write_frame(pair.left.get(), "{}", {file.get(), file.get()}));
    REQUIRE(write_frame(pair.left.get(), "second"));
    frame got;
    CHECK(pair.read(got) == frame_status::done);
    CHECK(got.json == "{}");
    REQUIRE(got.descriptors.size() == 2);
    CHECK(read_all(got.descriptors[0].get()) == "inside");
    CHECK((::fcntl(got.descriptors[0].get(), F_GETFD) & FD_CLOEXEC) != 0);
    CHECK(pair.read(got) == frame_status::done);
    CHECK(got.json == "second");
    CHECK(got.descriptors.empty());
}

TEST_CASE("the length is big-endian on the wire") {
    socket_pair pair;
    pair.send_raw(std::string("\0\0\0\3abc", 7));
    frame got;
    CHECK(pair.read(got) == frame_status::done);
    CHECK(got.json == "abc");
}

TEST_CASE("frames that end early, promise too much or never come are told apart") {
    socket_pair pair;
    frame got;
    SUBCASE("no frame at all") {
        pair.left.reset();
        CHECK(pair.read(got) == frame_status::closed);
    }
    SUBCASE("in the length") {
        pair.send_raw(std::string("\0\0", 2));
        pair.left.reset();
        CHECK(pair.read(got) == frame_status::broken);
    }
    SUBCASE("in the text") {
        pair.send_raw(std::string("\0\0\0\5ab", 6));
        pair.left.reset();
        CHECK(pair.read(got) == frame_status::broken);
    }
    SUBCASE("over the limit") {
        pair.send_raw("\xff\xff\xff\xff");
        CHECK(pair.read(got) == frame_status::too_large);
        CHECK(got.json.capacity() < 1000);
    }
    SUBCASE("nothing comes") { CHECK(read_frame(pair.right.get(), 1000, 0, got) == frame_status::idle); }
    SUBCASE("nobody waits any more") {
        CHECK(read_frame(pair.right.get(), 1000, -1, got, [] { return true; }) == frame_status::abandoned);
    }
    SUBCASE("a frame in single bytes is a frame") {
        for (const char byte : std::string("\0\0\0\2{}", 6)) {
            pair.send_raw(std::string(1, byte));
        }
        CHECK(pair.read(got) == frame_status::done);
        CHECK(got.json == "{}");
    }
}

TEST_CASE("descriptors over the limit are refused, and none stays open") {
    const int before = open_descriptors();
    {
        socket_pair pair;
        const std::vector<int> many(100, pair.left.get());
        alignas(cmsghdr) char control[CMSG_SPACE(100 * sizeof(int))] = {};
        char bytes[] = {0, 0, 0, 2, '{', '}'};
        iovec vector{bytes, sizeof bytes};
        msghdr message{};
        message.msg_iov = &vector;
        message.msg_iovlen = 1;
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(many.size() * sizeof(int));
        std::memcpy(CMSG_DATA(header), many.data(), many.size() * sizeof(int));
        REQUIRE(::sendmsg(pair.left.get(), &message, MSG_NOSIGNAL) == static_cast<ssize_t>(sizeof bytes));
        frame got;
        CHECK(pair.read(got) == frame_status::too_large);
    }
    CHECK(open_descriptors() == before);
    socket_pair pair;
    CHECK_FALSE(write_frame(pair.left.get(), "{}", std::vector<int>(descriptors_max + 1, 0)));
}
