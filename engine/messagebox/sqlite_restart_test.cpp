// What the SQLite store does at a start after a crash or on a full disk, and when somebody takes its files away.
#include <doctest/doctest.h>

#include <filesystem>

#include "messagebox/sqlite/owner_lock.hpp"
#include "messagebox/test_box.hpp"
#include "support/fault_vfs.hpp"

using namespace hawser::engine;
using namespace hawser::engine::test;
using hawser::test::fault_vfs;
using hawser::test::vfs_role;

namespace {

namespace fs = std::filesystem;

void copy_box(const box_folder& from, const box_folder& to, std::initializer_list<const char*> suffixes) {
    for (const char* suffix : suffixes) {
        fs::copy_file(from.box_path() + suffix, to.box_path() + suffix);
    }
}

// The exit code of a host under which `take_away` was done.
int exit_code_where(const box_folder& folder, void (*take_away)(const std::string& box_path)) {
    return run_in_child([&] {
        auto box = folder.open();
        publish(*box, {.ports = {"A"}, .body = "accepted"});
        take_away(folder.box_path());
        publish(*box, {.ports = {"A"}, .body = "never answered"});
        ::_exit(1);
    });
}

}  // namespace

TEST_CASE("what a killed host has in its WAL is in the database, synced, before anything is answered for") {
    box_folder folder;
    auto box = folder.open();
    publish(*box, {.ports = {"A"}, .body = "kept"});
    box_folder killed;
    copy_box(folder, killed, {"", "-wal"});
    auto restarted = killed.open();
    box_folder without_wal;
    copy_box(killed, without_wal, {""});
    const auto held = claim(*without_wal.open(), "A");
    REQUIRE(held.size() == 1);
    CHECK(held[0].inline_bodies.at(0) == "kept");
}

TEST_CASE("a start that finds no space gives up the reserve that the host before it kept") {
    box_folder folder;
    {
        auto box = folder.open();
        publish(*box, {.ports = {"A"}, .body = "kept"});
        claim(*box, "A");  // so that the next start has something to write
        REQUIRE(becomes([&] { return fs::exists(folder.box_path() + ".reserve"); }));
    }
    fault_vfs disk("faulty", vfs_role::process_default);
    disk.inject({.code = SQLITE_FULL, .file_suffix = "-wal", .count = 1});
    auto box = folder.open();
    CHECK(disk.struck_count() == 1);
    CHECK(claim(*box, "A").size() == 1);
}

TEST_CASE("a host whose lock or database was removed or replaced ends, and answers nothing more") {
    box_folder folder;
    CHECK(exit_code_where(folder, [](const std::string& path) { fs::remove(sqlite::owner_lock::path_of(path)); }) ==
          74);
    CHECK(folder.open()->list({}).size() == 2);  // it is there, and was not answered for
    CHECK(exit_code_where(folder, [](const std::string& path) { fs::rename(path, path + ".old"); }) == 74);
    CHECK(open_sqlite_message_box(folder.box_path(), 0).error().code == "box.damaged");
    fs::rename(folder.box_path() + ".old", folder.box_path());
    CHECK(exit_code_where(folder, [](const std::string& path) {
              fs::copy_file(path, path + ".new");
              fs::rename(path + ".new", path);
          }) == 74);
}
