// What the SQLite store does when more comes than it may take: waiting publishers, the queue's depth, the disk.
#include <doctest/doctest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <thread>

#include "messagebox/sqlite/disk_reserve.hpp"
#include "messagebox/sqlite/request_queue.hpp"
#include "messagebox/test_box.hpp"

using namespace hawser::engine;
using namespace hawser::engine::test;

namespace {

// Holds the writer thread inside an answer until it is let go.
class held_writer {
public:
    explicit held_writer(message_box& box) {
        std::promise<void> is_held;
        box.commit({port_state_operation{"held", "started", "started"}}, [&is_held, this](const commit_answer&) {
            is_held.set_value();
            is_over_.get_future().wait();
        });
        is_held.get_future().wait();
    }
    void let_go() { is_over_.set_value(); }

private:
    std::promise<void> is_over_;
};

std::vector<operation> publication_of(const std::string& port, std::size_t body_size) {
    return publication_batch({.ports = {port}, .body = std::string(body_size, 'x')});
}

}  // namespace

TEST_CASE("publishers wait once 16 MiB of bodies wait for the writer, and go on when there is room") {
    box_folder folder;
    auto box = folder.open();
    held_writer held(*box);
    constexpr std::size_t body_size = 64 * 1024;
    constexpr std::size_t fit = sqlite::request_queue::publication_bytes_max / body_size;
    constexpr std::size_t count = fit + 50;
    std::atomic<std::size_t> taken{0};
    std::atomic<std::size_t> answered{0};
    std::thread publisher([&] {
        for (std::size_t i = 0; i < count; ++i) {
            box->commit(publication_of("A", body_size), [&](const commit_answer&) { ++answered; });
            ++taken;
        }
    });
    while (taken < fit - 10) {
        std::this_thread::yield();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));  // it would have gone on, if it could
    CHECK(taken < fit);
    held.let_go();
    publisher.join();
    CHECK(taken == count);
    box.reset();
    CHECK(answered == count);
}

TEST_CASE("a publication larger than all the room comes in alone") {
    box_folder folder;
    auto box = folder.open();
    CHECK(commit_batch(*box, publication_of("A", 2 * sqlite::request_queue::publication_bytes_max)).status ==
          commit_status::done);
}

TEST_CASE("results and claims do not wait behind publishers that wait for room") {
    box_folder folder;
    auto box = folder.open();
    publish(*box, {.ports = {"A"}});
    publish(*box, {.ports = {"A"}});
    const auto first = claim(*box, "A");
    REQUIRE(first.size() == 1);
    held_writer held(*box);
    std::mutex mutex;
    std::vector<std::string> order;
    const auto note = [&](const char* what) {
        const std::lock_guard lock(mutex);
        order.emplace_back(what);
    };
    constexpr std::size_t count = 300;  // of 64 KiB: more than there is room for
    std::thread publisher([&] {
        for (std::size_t i = 0; i < count; ++i) {
            box->commit(publication_of("B", 64 * 1024), [&](const commit_answer&) { note("publication"); });
        }
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(50));  // the publisher has filled the queue
    std::promise<commit_status> result;
    std::promise<std::size_t> given;
    box->commit({complete_operation{first[0].token, {}}}, [&](const commit_answer& answer) {
        note("result");
        result.set_value(answer.status);
    });
    box->claim({{"A", 1, false}}, now(), [&](hawser::engine::result<std::vector<claimed_delivery>> claims) {
        note("claim");
        given.set_value(claims ? claims->size() : 0);
    });
    held.let_go();
    CHECK(result.get_future().get() == commit_status::done);
    CHECK(given.get_future().get() == 1);
    publisher.join();
    box.reset();
    REQUIRE(order.size() == count + 2);
    CHECK(order[0] == "result");
    CHECK(order[1] == "claim");
}

TEST_CASE("many that wait for room and then try again all get their turn") {
    constexpr std::size_t body_size = 60'000;
    constexpr int count_each = 600;  // together several times what has room
    box_folder folder;
    auto box = folder.open();
    const std::string port = "A";
    std::vector<std::thread> publishers;
    for (int i = 0; i < 4; ++i) {
        publishers.emplace_back([&] {
            for (int n = 0; n < count_each; ++n) {
                std::vector<operation> batch = publication_of(port, body_size);
                std::function<void(const commit_answer&)> answer = [](const commit_answer&) {};
                for (room_line line = room_line::is_joined; !box->try_commit(batch, answer, line);) {
                    box->wait_for_room(batch);
                    line = room_line::was_passed;
                }
            }
        });
    }
    for (std::thread& one : publishers) {
        one.join();
    }
    commit_batch(*box, {});
    CHECK(box->counts().at(0).queued == 4 * count_each);
}

TEST_CASE("the writer's own answers may publish however full the queue is") {
    box_folder folder;
    auto box = folder.open();
    std::promise<void> is_done;
    box->commit(publication_of("A", 10), [&](const commit_answer&) {
        for (std::size_t i = 0; i < sqlite::request_queue::publication_count_max + 1; ++i) {
            box->commit(publication_of("A", 10), [](const commit_answer&) {});
        }
        is_done.set_value();
    });
    is_done.get_future().wait();
}

// ---- Depth ----

TEST_CASE("beyond the queue's depth a publication is refused, says why, and is taken when there is room") {
    box_folder folder;
    auto box = folder.open();
    publish(*box, {.ports = {"A"}});  // before the limit: it counts
    box->set_limits({.queue_depth_max = 3});
    CHECK(publish(*box, {.ports = {"A", "B"}}).status == commit_status::done);
    const commit_answer refused = publish(*box, {.ports = {"A"}});
    CHECK(refused.status == commit_status::refused);
    CHECK(holds(refused.text, "host.limits.queueDepth is 3"));
    CHECK(holds(refused.text, "Try again"));
    REQUIRE(box->warnings().size() == 1);
    CHECK(holds(box->warnings()[0], "queueDepth"));
    CHECK(box->list({}).size() == 3);

    SUBCASE("a delivery that ends makes room") {
        commit(*box, complete_operation{claim(*box, "B").at(0).token, {}});
        CHECK(publish(*box, {.ports = {"A"}}).status == commit_status::done);
        CHECK(publish(*box, {.ports = {"A"}}).status == commit_status::refused);
    }
    SUBCASE("one that is suspended does, and counts again when it is resumed") {
        const auto held = claim(*box, "A").at(0);
        commit(*box, suspend_operation{held.token, true, "c", "t", {}, {}});
        CHECK(box->warnings().empty());
        CHECK(publish(*box, {.ports = {"A"}}).status == commit_status::done);
        CHECK(commit(*box, resume_operation{held.token.delivery, now(), {}}).status == commit_status::done);
        CHECK(publish(*box, {.ports = {"A"}}).status == commit_status::refused);
        CHECK(commit(*box, terminate_operation{held.token.delivery}).status == commit_status::done);
        CHECK(publish(*box, {.ports = {"A"}}).status == commit_status::refused);  // three still wait
    }
    SUBCASE("one that waits for its retry does not") {
        const auto held = claim(*box, "A").at(0);
        commit(*box, reschedule_operation{held.token, now() + 60000, {1, 1, false, "", ""}, {}});
        CHECK(publish(*box, {.ports = {"A"}}).status == commit_status::refused);
        CHECK(commit(*box, terminate_operation{held.token.delivery}).status == commit_status::done);
        CHECK(publish(*box, {.ports = {"A"}}).status == commit_status::done);
    }
    SUBCASE("a batch that is undone changes nothing") {
        const auto held = claim(*box, "B").at(0);
        CHECK(commit_batch(*box, {complete_operation{held.token, {}}, terminate_operation{999}}).status ==
              commit_status::not_found);
        CHECK(publish(*box, {.ports = {"A"}}).status == commit_status::refused);
    }
    SUBCASE("what is published together with a result is not refused") {
        const auto held = claim(*box, "B").at(0);
        std::vector<operation> batch = publication_of("acknowledgements", 10);
        batch.insert(batch.begin(), complete_operation{held.token, {}});
        CHECK(commit_batch(*box, std::move(batch)).status == commit_status::done);
        CHECK(box->list({}).size() == 3);
    }
    SUBCASE("the count is exact after a restart") {
        box.reset();
        box = folder.open();
        box->set_limits({.queue_depth_max = 4});
        CHECK(publish(*box, {.ports = {"A"}}).status == commit_status::done);
        CHECK(publish(*box, {.ports = {"A"}}).status == commit_status::refused);
    }
    SUBCASE("no limit is no limit again") {
        box->set_limits({});
        CHECK(publish(*box, {.ports = {"A"}}).status == commit_status::done);
        CHECK(box->warnings().empty());
    }
}

TEST_CASE("a repeat of what was accepted is answered so however full the queue is") {
    box_folder folder;
    auto box = folder.open();
    box->set_limits({.queue_depth_max = 1});
    const std::string digest(32, 'd');
    CHECK(publish(*box, {.ports = {"A"}, .key = "k", .digest = digest}).status == commit_status::done);
    CHECK(publish(*box, {.ports = {"A"}, .key = "k", .digest = digest}).status == commit_status::already_published);
    CHECK(publish(*box, {.ports = {"A"}, .key = "other", .digest = digest}).status == commit_status::refused);
    commit(*box, complete_operation{claim(*box, "A").at(0).token, {}});
    CHECK(publish(*box, {.ports = {"A"}, .key = "other", .digest = digest}).status == commit_status::done);
}

TEST_CASE("a publication that is refused leaves none of the bodies it staged") {
    box_folder folder;
    auto box = folder.open();
    box->set_limits({.queue_depth_max = 1});
    publish(*box, {.ports = {"A"}});
    auto stager = box->stage_body();
    REQUIRE(stager->append("staged", 6));
    CHECK(publish(*box, {.ports = {"A"}, .staged = stager->finish().value()}).status == commit_status::refused);
    box->set_limits({});
    const std::string digest(32, 'd');
    CHECK(publish(*box, {.ports = {"A"}, .key = "k", .digest = digest}).status == commit_status::done);
    stager = box->stage_body();
    REQUIRE(stager->append("staged", 6));
    CHECK(publish(*box, {.ports = {"A"}, .key = "k", .digest = digest, .staged = stager->finish().value()}).status ==
          commit_status::already_published);
    box.reset();
    CHECK(folder.body_file_count() == 0);
}

// ---- Disk ----

TEST_CASE("below the disk's watermark publications and staged bodies are refused, and results are not") {
    box_folder folder;
    auto box = folder.open();
    publish(*box, {.ports = {"A"}});
    box->set_limits({.disk_free_min_bytes = std::int64_t{1} << 60});
    const commit_answer refused = publish(*box, {.ports = {"A"}});
    CHECK(refused.status == commit_status::refused);
    CHECK(holds(refused.text, "host.limits.diskFree"));
    auto stager = box->stage_body();
    const result<void> appended = stager->append("x", 1);
    REQUIRE_FALSE(appended);
    CHECK(holds(appended.error().text, "host.limits.diskFree"));
    CHECK(box->warnings().size() == 1);
    const auto held = claim(*box, "A");
    REQUIRE(held.size() == 1);
    std::vector<operation> batch = publication_of("acknowledgements", 10);
    batch.insert(batch.begin(), complete_operation{held[0].token, {}});
    CHECK(commit_batch(*box, std::move(batch)).status == commit_status::done);
    box->set_limits({.disk_free_min_bytes = 1});
    CHECK(publish(*box, {.ports = {"A"}}).status == commit_status::done);
    CHECK(box->warnings().empty());
}

TEST_CASE("the reserve takes its space, gives it up, and takes it again") {
    box_folder folder;
    sqlite::disk_reserve reserve(folder.box_path());
    CHECK(reserve.take());
    struct stat status {};
    REQUIRE(::stat((folder.box_path() + ".reserve").c_str(), &status) == 0);
    CHECK(status.st_size == reserve.size());
    CHECK(status.st_blocks * 512 >= reserve.size());
    reserve.give_up();
    CHECK(::stat((folder.box_path() + ".reserve").c_str(), &status) != 0);
    CHECK(reserve.take());
    CHECK(::stat((folder.box_path() + ".reserve").c_str(), &status) == 0);
}

namespace {

// A file system of 64 MiB in memory for a box, where root may mount one.
class small_disk {
public:
    small_disk() {
        ::mkdir(folder_.c_str(), 0700);
        is_mounted_ = ::mount("tmpfs", folder_.c_str(), "tmpfs", 0, "size=64m,mode=0700") == 0;
        failure_ = errno;
    }
    small_disk(const small_disk&) = delete;
    small_disk& operator=(const small_disk&) = delete;
    ~small_disk() {
        if (is_mounted_) {
            ::umount2(folder_.c_str(), MNT_DETACH);
        }
    }
    std::string box_path() const { return folder_ + "/box.db"; }
    bool is_mounted() const {
        if (!is_mounted_) {
            MESSAGE("skipped: no small file system may be mounted here: " << std::strerror(failure_));
        }
        return is_mounted_;
    }
    bool mount_again(unsigned long flags) const {
        return ::mount("tmpfs", folder_.c_str(), "tmpfs", MS_REMOUNT | flags, "size=64m,mode=0700") == 0;
    }

private:
    box_folder parent_;
    std::string folder_ = std::filesystem::path(parent_.box_path()).parent_path().string() + "/disk";
    bool is_mounted_ = false;
    int failure_ = 0;
};

// Publishes until that is refused; gives the refusal.
commit_answer fill_disk(message_box& box, std::size_t& accepted) {
    commit_answer answer;
    while ((answer = commit_batch(box, publication_of("A", 60000))).status == commit_status::done) {
        ++accepted;
        REQUIRE(accepted < 10000);
    }
    return answer;
}

}  // namespace

TEST_CASE("on a disk that is really full nothing accepted is lost, results are stored, and it goes on when drained") {
    const small_disk disk;
    if (!disk.is_mounted()) {
        return;
    }
    std::size_t accepted = 0;
    {
        auto opened = open_sqlite_message_box(disk.box_path(), 0);
        REQUIRE(opened);
        message_box& box = **opened;
        REQUIRE(within_seconds(5, [&] { return std::filesystem::exists(disk.box_path() + ".reserve"); }));
        const commit_answer answer = fill_disk(box, accepted);
        CHECK(answer.status == commit_status::refused);
        CHECK(holds(answer.text, "full"));
        CHECK(accepted > 500);
        CHECK(box.warnings().size() == 1);
        auto stager = box.stage_body();
        CHECK_FALSE(stager->append("x", 1));
        std::size_t delivered = 0;  // all of them, on the full disk; what is refused is offered again, as delivery does
        CHECK(within_seconds(20, [&] {
            for (const claimed_delivery& one : claim(box, "A", 4)) {
                delivered += within_seconds(20, [&] {
                    return commit(box, complete_operation{one.token, {}}).status == commit_status::done;
                });
            }
            return delivered == accepted;
        }));
        CHECK(box.list({}).empty());
        CHECK(within_seconds(20, [&] {  // the database gives its free pages back by itself
            return commit_batch(box, publication_of("A", 10)).status == commit_status::done;
        }));
        CHECK(box.warnings().empty());
    }
    auto again = open_sqlite_message_box(disk.box_path(), 0);
    REQUIRE(again);
    CHECK((*again)->list({}).size() == 1);
}

TEST_CASE("a host that starts on a full disk takes nothing until there is room, and stores results") {
    const small_disk disk;
    if (!disk.is_mounted()) {
        return;
    }
    std::size_t accepted = 0;
    {
        auto opened = open_sqlite_message_box(disk.box_path(), 0);
        REQUIRE(opened);
        CHECK(fill_disk(**opened, accepted).status == commit_status::refused);
    }
    auto opened = open_sqlite_message_box(disk.box_path(), 0);
    REQUIRE(opened);
    message_box& box = **opened;
    CHECK(commit_batch(box, publication_of("A", 10)).status == commit_status::refused);
    CHECK(box.warnings().size() == 1);
    const std::vector<claimed_delivery> held = claim(box, "A");
    REQUIRE(held.size() == 1);
    CHECK(within_seconds(20, [&] {
        return commit(box, complete_operation{held[0].token, {}}).status == commit_status::done;
    }));
    CHECK(box.counts().at(0).queued == accepted - 1);
}

TEST_CASE("a reserve that a full disk had no room for is made when there is some") {
    const small_disk disk;
    if (!disk.is_mounted()) {
        return;
    }
    const std::string filler = std::filesystem::path(disk.box_path()).parent_path().string() + "/filler";
    std::ofstream(filler) << std::string(std::size_t{54} << 20U, 'x');
    auto opened = open_sqlite_message_box(disk.box_path(), 0);
    REQUIRE(opened);
    CHECK_FALSE(within_seconds(1, [&] { return std::filesystem::exists(disk.box_path() + ".reserve"); }));
    std::filesystem::remove(filler);
    CHECK(within_seconds(10, [&] { return std::filesystem::exists(disk.box_path() + ".reserve"); }));
}

TEST_CASE("bodies that fill the disk are refused and removed, and what was accepted is delivered") {
    const small_disk disk;
    if (!disk.is_mounted()) {
        return;
    }
    auto opened = open_sqlite_message_box(disk.box_path(), 0);
    REQUIRE(opened);
    message_box& box = **opened;
    publish(box, {.ports = {"A"}, .body = "accepted"});
    {
        auto stager = box.stage_body();
        const std::string piece(64 * 1024, 'x');
        result<void> appended;
        for (int i = 0; i < 2000 && appended; ++i) {
            appended = stager->append(piece.data(), piece.size());
        }
        REQUIRE_FALSE(appended);
        CHECK(publish(box, {.ports = {"A"}}).status == commit_status::refused);
        const auto held = claim(box, "A");  // with the disk full to the last byte but the reserve
        REQUIRE(held.size() == 1);
        CHECK(commit(box, complete_operation{held[0].token, {}}).status == commit_status::done);
    }
    CHECK(within_seconds(10, [&] { return publish(box, {.ports = {"A"}}).status == commit_status::done; }));
}

TEST_CASE("a box on a read-only mount is not opened, and says so") {
    const small_disk disk;
    if (!disk.is_mounted()) {
        return;
    }
    {
        auto opened = open_sqlite_message_box(disk.box_path(), 0);
        REQUIRE(opened);
        publish(**opened, {.ports = {"A"}});
    }
    REQUIRE(disk.mount_again(MS_RDONLY));
    const auto refused = open_sqlite_message_box(disk.box_path(), 0);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == "box.io");
    CHECK(holds(refused.error().text, "ead-only"));
    REQUIRE(disk.mount_again(0));
    auto opened = open_sqlite_message_box(disk.box_path(), 0);
    REQUIRE(opened);
    CHECK(claim(**opened, "A").size() == 1);
}
