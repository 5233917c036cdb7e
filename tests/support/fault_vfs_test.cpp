#include "support/fault_vfs.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>

namespace hawser::test {
namespace {

// A database in WAL mode in a folder of its own, on a VFS that fails as told.
class faulty_database {
public:
    faulty_database() : disk_("faulty", vfs_role::by_name, 7) {
        std::string pattern = (std::filesystem::temp_directory_path() / "hawser-vfs-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
        REQUIRE(open() == SQLITE_OK);
        REQUIRE(run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0;"
                    "CREATE TABLE line(text TEXT)") == SQLITE_OK);
    }
    faulty_database(const faulty_database&) = delete;
    faulty_database& operator=(const faulty_database&) = delete;
    ~faulty_database() {
        sqlite3_close_v2(handle_);
        std::filesystem::remove_all(folder_);
    }
    int open() {
        return sqlite3_open_v2((folder_ / "box.db").c_str(), &handle_,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXRESCODE, "faulty");
    }
    void close() { sqlite3_close_v2(std::exchange(handle_, nullptr)); }
    int run(const char* sql) { return sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr); }
    int insert() { return run("INSERT INTO line VALUES(hex(randomblob(2000)))"); }
    int count(const char* sql = "SELECT count(*) FROM line") {
        sqlite3_stmt* one = nullptr;
        if (sqlite3_prepare_v2(handle_, sql, -1, &one, nullptr) != SQLITE_OK) {
            return -1;
        }
        const int result = sqlite3_step(one) == SQLITE_ROW ? sqlite3_column_int(one, 0) : -1;
        sqlite3_finalize(one);
        return result;
    }
    fault_vfs& disk() { return disk_; }

private:
    fault_vfs disk_;
    std::filesystem::path folder_;
    sqlite3* handle_ = nullptr;
};

TEST_CASE("without a fault everything works, and is counted") {
    faulty_database box;
    const std::uint64_t writes = box.disk().operation_count(file_operation::write);
    CHECK(box.insert() == SQLITE_OK);
    CHECK(box.run("PRAGMA wal_checkpoint(TRUNCATE)") == SQLITE_OK);
    CHECK(box.count() == 1);
    CHECK(box.disk().operation_count(file_operation::write) > writes);
    CHECK(box.disk().struck_count() == 0);
}

TEST_CASE("a failing write is what SQLite answers, and after the fault nothing of the transaction is there") {
    faulty_database box;
    box.disk().inject({.operation = file_operation::write, .code = SQLITE_FULL, .file_suffix = "-wal"});
    CHECK(box.insert() == SQLITE_FULL);
    CHECK(box.count() == 0);
    box.disk().clear();
    CHECK(box.insert() == SQLITE_OK);
    CHECK(box.count() == 1);
    CHECK(box.disk().struck_count() > 0);
}

TEST_CASE("each code comes through as it was asked for") {
    const std::pair<file_operation, int> wanted[] = {{file_operation::write, SQLITE_IOERR_WRITE},
                                                     {file_operation::write, SQLITE_READONLY},
                                                     {file_operation::sync, SQLITE_IOERR_FSYNC}};
    for (const auto& [operation, code] : wanted) {
        faulty_database box;
        box.disk().inject({.operation = operation, .code = code, .file_suffix = "-wal"});
        CHECK(box.insert() == code);
    }
}

TEST_CASE("a failing read is what SQLite answers") {
    faulty_database box;
    REQUIRE(box.insert() == SQLITE_OK);
    REQUIRE(box.run("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA shrink_memory") == SQLITE_OK);
    box.disk().inject({.operation = file_operation::read, .code = SQLITE_IOERR_READ, .file_suffix = ".db"});
    CHECK(box.run("SELECT * FROM line") == SQLITE_IOERR_READ);
    box.disk().clear();
    CHECK(box.count() == 1);
}

TEST_CASE("a failing open is what SQLite answers") {
    faulty_database box;
    box.close();
    box.disk().inject({.operation = file_operation::open, .code = SQLITE_CANTOPEN, .file_suffix = ".db"});
    CHECK(box.open() == SQLITE_CANTOPEN);
    box.close();
    box.disk().clear();
    CHECK(box.open() == SQLITE_OK);
}

TEST_CASE("a failing truncate leaves the WAL as it is, and the data whole") {
    faulty_database box;
    REQUIRE(box.insert() == SQLITE_OK);
    box.disk().inject({.operation = file_operation::truncate, .code = SQLITE_IOERR_TRUNCATE, .file_suffix = "-wal"});
    CHECK(box.run("PRAGMA wal_checkpoint(TRUNCATE)") == SQLITE_IOERR_TRUNCATE);
    box.disk().clear();
    CHECK(box.count() == 1);
}

TEST_CASE("the suffix says which file fails") {
    faulty_database box;
    box.disk().inject({.operation = file_operation::write, .code = SQLITE_FULL, .file_suffix = ".db"});
    CHECK(box.insert() == SQLITE_OK);  // goes to the WAL alone
    CHECK(box.run("PRAGMA wal_checkpoint(TRUNCATE)") == SQLITE_FULL);
    box.disk().clear();
    CHECK(box.run("PRAGMA wal_checkpoint(TRUNCATE)") == SQLITE_OK);
    CHECK(box.count() == 1);
}

// The loop that tests of the store are made of: fail the n-th, for n = 0, 1, 2, … until nothing is left to fail.
TEST_CASE("failing each single write of a transaction and a checkpoint never leaves half of it") {
    faulty_database box;
    int stored = 0;
    std::uint64_t passes = 0;
    for (; passes < 100; ++passes) {
        const std::uint64_t struck = box.disk().struck_count();
        box.disk().inject({.operation = file_operation::write,
                           .code = SQLITE_IOERR_WRITE,
                           .passes = passes,
                           .count = 1,
                           .kind = passes % 2 == 0 ? fault_kind::refused : fault_kind::torn});
        stored += box.insert() == SQLITE_OK ? 1 : 0;
        const int checkpointed = box.run("PRAGMA wal_checkpoint(TRUNCATE)");
        box.disk().clear();
        REQUIRE(box.run("PRAGMA wal_checkpoint(TRUNCATE)") == SQLITE_OK);
        REQUIRE(box.count() == stored);
        if (box.disk().struck_count() == struck) {
            CHECK(checkpointed == SQLITE_OK);
            break;
        }
    }
    CHECK(passes > 3);
    CHECK(passes < 100);
    CHECK(stored > 0);
    CHECK(box.count("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check='ok'") == 1);
}

TEST_CASE("a torn write of a commit is not taken for one after the database is opened anew") {
    faulty_database box;
    REQUIRE(box.insert() == SQLITE_OK);
    box.disk().inject({.operation = file_operation::write,
                       .code = SQLITE_IOERR_WRITE,
                       .file_suffix = "-wal",
                       .kind = fault_kind::torn});
    CHECK(box.insert() == SQLITE_IOERR_WRITE);
    box.close();
    box.disk().clear();
    REQUIRE(box.open() == SQLITE_OK);
    CHECK(box.count() == 1);
}

TEST_CASE("a flipped bit in a page is noticed as damage") {
    faulty_database box;
    for (int i = 0; i < 100; ++i) {
        REQUIRE(box.insert() == SQLITE_OK);
    }
    REQUIRE(box.run("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA shrink_memory") == SQLITE_OK);
    const int healthy = box.count("SELECT sum(length(text)=4000 AND text NOT GLOB '*[^0-9A-F]*') FROM line");
    CHECK(healthy == 100);
    REQUIRE(box.run("PRAGMA shrink_memory; PRAGMA cache_size=1") == SQLITE_OK);
    box.disk().inject({.operation = file_operation::read, .file_suffix = ".db", .kind = fault_kind::flipped});
    const int damaged = box.count("SELECT sum(length(text)=4000 AND text NOT GLOB '*[^0-9A-F]*') FROM line");
    CHECK(damaged != 100);
    CHECK(box.disk().struck_count() > 0);
}

TEST_CASE("chance comes from the seed alone") {
    const auto pattern = [](std::uint64_t seed) {
        faulty_database box;
        box.disk().seed(seed);
        box.disk().inject(
            {.operation = file_operation::write, .code = SQLITE_FULL, .file_suffix = "-wal", .probability = 0.3});
        std::string result;
        for (int i = 0; i < 40; ++i) {
            result += box.insert() == SQLITE_OK ? '.' : 'x';
        }
        return result;
    };
    const std::string first = pattern(3);
    CHECK(first == pattern(3));
    CHECK(first != pattern(4));
    CHECK(first.find('x') != std::string::npos);
    CHECK(first.find('.') != std::string::npos);
}

TEST_CASE("faults come and go while another thread writes, and what was answered as stored is there") {
    faulty_database box;
    std::atomic<bool> is_done = false;
    std::thread weather([&] {
        while (!is_done) {
            box.disk().inject({.operation = file_operation::write, .code = SQLITE_FULL, .probability = 0.5});
            std::this_thread::yield();
            box.disk().clear();
        }
    });
    int stored = 0;
    for (int i = 0; i < 300; ++i) {
        stored += box.insert() == SQLITE_OK ? 1 : 0;
    }
    is_done = true;
    weather.join();
    box.disk().clear();
    CHECK(box.count() == stored);
}

TEST_CASE("as the process's default it is used where no VFS is named, until it goes") {
    sqlite3_vfs* before = sqlite3_vfs_find(nullptr);
    {
        fault_vfs disk("faulty-default", vfs_role::process_default);
        CHECK(std::string(sqlite3_vfs_find(nullptr)->zName) == "faulty-default");
    }
    CHECK(sqlite3_vfs_find(nullptr) == before);
    CHECK(sqlite3_vfs_find("faulty-default") == nullptr);
}

}  // namespace
}  // namespace hawser::test
