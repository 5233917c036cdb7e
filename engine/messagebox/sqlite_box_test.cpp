// What is the SQLite store's own: its lock, its file, and what a death of the process leaves.
#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "base/thread_shortage.hpp"
#include "messagebox/test_box.hpp"

using namespace hawser::engine;
using namespace hawser::engine::test;

namespace {

std::string open_code(const std::string& path) {
    auto opened = open_sqlite_message_box(path, 0);
    return opened ? "opened" : opened.error().code;
}

void execute(const std::string& path, const char* sql) {
    sqlite3* handle = nullptr;
    REQUIRE(sqlite3_open(path.c_str(), &handle) == SQLITE_OK);
    CHECK(sqlite3_exec(handle, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(handle);
}

constexpr std::filesystem::perms others = std::filesystem::perms::group_all | std::filesystem::perms::others_all;

class mask_of_process {
public:
    explicit mask_of_process(::mode_t mask) : mask_(mask), before_(::umask(mask)) {}
    mask_of_process(const mask_of_process&) = delete;
    mask_of_process& operator=(const mask_of_process&) = delete;
    ~mask_of_process() { ::umask(before_); }
    ::mode_t current() const { return ::umask(mask_); }  // there is no way to look at it alone

private:
    ::mode_t mask_;
    ::mode_t before_;
};

}  // namespace

TEST_CASE("a box has one owner, and its error names the process") {
    box_folder folder;
    const auto box = folder.open();
    const auto second = open_sqlite_message_box(folder.box_path(), 0);
    REQUIRE_FALSE(second);
    CHECK(second.error().code == "box.locked");
    CHECK(second.error().text.find(std::to_string(::getpid())) != std::string::npos);
}

TEST_CASE("the box's files are the owner's alone, whatever the process's mask lets through") {
    box_folder folder;
    const mask_of_process mask(0);
    const auto box = folder.open();
    publish(*box, {.ports = {"A"}, .staged = stage(*box, std::string(1 << 20, 'x'))});
    CHECK(folder.body_file_count() == 1);
    std::set<std::string> seen;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path())) {
        CAPTURE(entry.path());
        CHECK((entry.status().permissions() & others) == std::filesystem::perms::none);
        seen.insert(entry.path().filename().string());
    }
    for (const char* name : {"box.db", "box.db.lock", "box.db-wal", "box.db-shm", "box.db.bodies", "1"}) {
        CHECK(seen.count(name) == 1);
    }
}

TEST_CASE("the process's mask is nobody's business who opens a box") {
    box_folder folder;
    const auto box = folder.open();
    const mask_of_process mask(022);
    constexpr std::int64_t lock_wait_ms = 200;
    auto second =
        std::async(std::launch::async, [&] { return !open_sqlite_message_box(folder.box_path(), lock_wait_ms); });
    while (second.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready) {
        REQUIRE(mask.current() == 022);
    }
    CHECK(second.get());
}

TEST_CASE("a box whose threads cannot be made is not opened, and can be later") {
    box_folder folder;
    for (const unsigned count : {0U, 1U}) {
        const thread_shortage shortage(count);
        const auto opened = open_sqlite_message_box(folder.box_path(), 0);
        REQUIRE_FALSE(opened);
        CHECK(opened.error().code == "box.io");
        CHECK(holds(opened.error().text, "a thread could not be made"));
    }
    CHECK(open_code(folder.box_path()) == "opened");
}

TEST_CASE("a newer schema, a foreign database and garbage are refused by name") {
    box_folder folder;
    folder.open().reset();
    execute(folder.box_path(), "PRAGMA user_version=999");
    CHECK(open_code(folder.box_path()) == "box.newer-schema");
    const std::string foreign = folder.box_path() + ".foreign";
    execute(foreign, "CREATE TABLE t(x)");
    CHECK(open_code(foreign) == "box.not-a-box");
    const std::string garbage = folder.box_path() + ".garbage";
    std::ofstream(garbage) << std::string(8192, 'g');
    CHECK(open_code(garbage) == "box.damaged");
}

TEST_CASE("a box whose database is gone is no new one, and its bodies stay") {
    box_folder folder;
    const std::string path = folder.box_path();
    {
        auto box = folder.open();
        publish(*box, {.ports = {"A"}, .staged = stage(*box, std::string(1 << 20, 'x'))});
    }
    const std::size_t bodies = folder.body_file_count();
    REQUIRE(bodies == 1);
    SUBCASE("emptied") { std::filesystem::resize_file(path, 0); }
    SUBCASE("removed") { std::filesystem::remove(path); }
    const auto opened = open_sqlite_message_box(path, 0);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == "box.damaged");
    CHECK(opened.error().text.find(path + ".bodies/") != std::string::npos);
    CHECK(folder.body_file_count() == bodies);
    std::filesystem::remove_all(path + ".bodies");
    std::ofstream(path + "-wal") << "frames";
    CHECK(open_code(path) == "box.damaged");
    CHECK(std::filesystem::exists(path + "-wal"));
    std::filesystem::remove(path + "-wal");
    CHECK(open_code(path) == "opened");
}

TEST_CASE("a box of schema version 1 is taken over with what is in it") {
    box_folder folder;
    {
        auto box = folder.open();
        publish(*box, {.ports = {"A"}, .body = "from version 1"});
    }
    execute(folder.box_path(),  // back to what version 1 had
            "DROP TABLE port_group; DROP INDEX delivery_held; DROP INDEX delivery_held_by_port;"
            "ALTER TABLE delivery DROP COLUMN held_for;"
            "DROP TABLE tracked; DROP TABLE property_value; DROP INDEX part_file_by_file; DROP INDEX delivery_ordered;"
            "DROP INDEX delivery_retrying; DROP INDEX delivery_edited;"
            "ALTER TABLE delivery DROP COLUMN order_key; PRAGMA user_version=1");
    auto box = folder.open();
    const auto claims = claim(*box, "A");
    REQUIRE(claims.size() == 1);
    CHECK(claims[0].inline_bodies.at(0) == "from version 1");
    publish(*box, {.ports = {"A"}, .body = "in order", .order_key = ""});
    commit(*box, complete_operation{claims[0].token, {}});
    CHECK(claim(*box, "A", 1, true).size() == 1);
}

TEST_CASE("what was in flight when the owner died is claimed again with a crash on its record") {
    box_folder folder;
    REQUIRE(run_in_child([&] {
                auto box = folder.open();
                publish(*box, {.ports = {"A"}, .body = "in flight"});
                publish(*box, {.ports = {"B"}, .body = "queued"});
                claim(*box, "A");
            }) == 0);
    auto box = folder.open();
    const auto a = claim(*box, "A");
    REQUIRE(a.size() == 1);
    CHECK(a[0].crash_count == 1);
    CHECK(a[0].inline_bodies.at(0) == "in flight");
    const auto b = claim(*box, "B");
    REQUIRE(b.size() == 1);
    CHECK(b[0].crash_count == 0);
    CHECK(box->show(a[0].token.delivery)->history.at(0).verdict == "crashed");
}

TEST_CASE("a body that was staged and never published is gone after the next start") {
    box_folder folder;
    REQUIRE(run_in_child([&] {
                auto box = folder.open();
                auto stager = box->stage_body();
                (void)stager->append("x", 1);
                (void)stager->finish();
                ::_exit(0);
            }) == 0);
    CHECK(folder.body_file_count() == 1);
    folder.open().reset();
    CHECK(folder.body_file_count() == 0);
}

TEST_CASE("numbers of deliveries never come twice, not even after everything is done and the box was reopened") {
    box_folder folder;
    delivery_id first = 0;
    {
        auto box = folder.open();
        publish(*box, {.ports = {"A"}});
        const auto held = claim(*box, "A");
        first = held.at(0).token.delivery;
        commit(*box, complete_operation{held.at(0).token, {}});
    }
    auto box = folder.open();
    publish(*box, {.ports = {"A"}});
    CHECK(claim(*box, "A").at(0).token.delivery > first);
}

TEST_CASE("a box of schema version 2 is taken over, and holds messages for groups from then on") {
    box_folder folder;
    {
        auto box = folder.open();
        publish(*box, {.ports = {"A"}, .body = "from version 2"});
    }
    execute(folder.box_path(),
            "DROP TABLE port_group; DROP INDEX delivery_held; DROP INDEX delivery_held_by_port;"
            "ALTER TABLE delivery DROP COLUMN held_for; PRAGMA user_version=2");
    auto box = folder.open();
    publish(*box, {.ports = {"A"}, .body = "held", .held_for = "G"});
    const auto claims = claim(*box, "A", 10);
    REQUIRE(claims.size() == 1);
    CHECK(claims[0].inline_bodies.at(0) == "from version 2");
    CHECK(box->held_counts().at(0).held == 1);
}

TEST_CASE("states of ports and of groups are kept, also under the same name") {
    box_folder folder;
    {
        auto box = folder.open();
        CHECK(commit(*box, port_state_operation{"A", "stopped", "started"}).status == commit_status::done);
        CHECK(commit(*box, port_state_operation{"A", "bound", "started", true}).status == commit_status::done);
    }
    const auto states = folder.open()->port_states();
    REQUIRE(states.size() == 2);
    CHECK(states[0].state == "stopped");
    CHECK(states[0].declared == "started");
    CHECK_FALSE(states[0].is_group);
    CHECK(states[1].state == "bound");
    CHECK(states[1].is_group);
}

TEST_CASE("the WAL is brought into the database while the box is written, and does not grow with it") {
    box_folder folder;
    auto box = folder.open();
    for (int i = 0; i < 700; ++i) {
        REQUIRE(publish(*box, {.ports = {"A"}, .body = std::string(60000, 'x')}).status == commit_status::done);
    }
    CHECK(std::filesystem::file_size(folder.box_path() + "-wal") <= 18 * 1024 * 1024);  // the reserve, and a group
    CHECK(std::filesystem::file_size(folder.box_path()) > 12 * 1024 * 1024);
}
