// A SQLite VFS over the default one that fails on demand: the n-th write, every fsync, one read in a hundred, a write
// of which only a part arrives, a byte that is not what was written. For tests only; the product never links it.
//
//     hawser::test::fault_vfs disk("faulty", hawser::test::vfs_role::process_default);
//     disk.inject({.operation = file_operation::write, .code = SQLITE_FULL, .file_suffix = "-wal", .passes = 3});
//
// Made by a test before it opens a database, and destroyed after the last is closed. Thread-safe: faults are injected
// and cleared while connections of other threads work. Failure: std::runtime_error where SQLite refuses the VFS.
#pragma once

#include <sqlite3.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace hawser::test {

enum class file_operation : std::uint8_t { open = 1, read, write, sync, truncate };

enum class fault_kind : std::uint8_t {
    refused = 1,  // nothing happens but the error
    torn,         // a write: a part of it arrives, then the error
    flipped,      // a read: succeeds, with one bit of it changed
};

inline constexpr std::uint64_t until_cleared = std::numeric_limits<std::uint64_t>::max();

struct fault {
    file_operation operation = file_operation::write;
    int code = SQLITE_IOERR_WRITE;        // what SQLite is told; not of a flipped read
    std::string file_suffix = {};         // only files whose names end so: "-wal", ".db"; "" = all
    std::uint64_t passes = 0;             // so many operations succeed first, …
    std::uint64_t count = until_cleared;  // … then so many are struck
    double probability = 1;               // each of those with this chance
    fault_kind kind = fault_kind::refused;
};

enum class vfs_role : std::uint8_t { by_name = 1, process_default };

class fault_vfs {
public:
    // Databases use it by its name, or, as the process's default, wherever they name none.
    fault_vfs(std::string name, vfs_role role, std::uint64_t seed = 1);
    fault_vfs(const fault_vfs&) = delete;
    fault_vfs& operator=(const fault_vfs&) = delete;
    ~fault_vfs();

    void inject(fault one);  // beside those that are there; the first that strikes counts
    void clear();            // all faults; the counts stay
    void seed(std::uint64_t value);

    std::uint64_t struck_count() const noexcept { return struck_count_; }  // operations that a fault has hit
    std::uint64_t operation_count(file_operation which) const noexcept;    // all, hit or not

private:
    friend struct fault_file;     // SQLite's view of an open file: asks for strikes
    friend struct vfs_functions;  // and of the VFS
    struct strike {
        int code = SQLITE_OK;
        fault_kind kind = fault_kind::refused;
        std::size_t position = 0;  // of the tear or of the flip, below the operation's size
        unsigned char bit = 0;
    };
    std::optional<strike> next_strike(file_operation which, std::string_view file, std::size_t size = 0);
    strike strike_at(const fault& one, std::size_t size);
    int open(sqlite3_filename name, sqlite3_file* file, int flags, int* flags_out);

    std::string name_;
    sqlite3_vfs* real_;
    sqlite3_vfs vfs_;
    std::atomic<bool> has_faults_ = false;
    std::atomic<std::uint64_t> struck_count_ = 0;
    std::array<std::atomic<std::uint64_t>, 6> operation_counts_ = {};  // by file_operation
    std::mutex mutex_;
    std::vector<fault> faults_;
    std::mt19937_64 random_;
};

}  // namespace hawser::test
