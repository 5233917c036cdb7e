// Opens a message box: its folder, its owner's lock, the database with its schema, and what a host before this one
// left.
#include <fcntl.h>
#include <unistd.h>

#include <exception>
#include <filesystem>

#include "base/descriptor.hpp"
#include "base/durable_folder.hpp"
#include "messagebox/message_box.hpp"
#include "messagebox/sqlite/disk_reserve.hpp"
#include "messagebox/sqlite/lost_box.hpp"
#include "messagebox/sqlite/schema.hpp"
#include "messagebox/sqlite/sqlite_message_box.hpp"

namespace hawser::engine {
namespace {

// Each connection would begin with 87 KiB of memory for pages, of which an idle host has three. For the whole process;
// it does nothing where SQLite is in use already.
void have_no_page_memory_ahead() {
    static const int done = sqlite3_config(SQLITE_CONFIG_PAGECACHE, nullptr, 0, 0);
    (void)done;
}

// For its owner alone, and with it the -wal and -shm beside it, to which SQLite gives the database's mode. True: it is
// new, also where a host was killed before it had written anything.
bool make_database_file(const std::string& path) {
    const descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    return file.is_open() && ::lseek(file.get(), 0, SEEK_END) == 0;  // else SQLite will say why it cannot be opened
}

// After a failed sync the cache may have what the disk has not; the WAL that recovery goes by is the disk's.
void forget_cached_wal(const std::string& path) noexcept {
    const descriptor file(::open((path + "-wal").c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (file.is_open()) {
        ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED);
    }
}

// What the host before this one kept for such a day.
bool give_up_reserve(const std::string& path) {
    sqlite::disk_reserve reserve(path);
    const bool was_held = reserve.is_held();
    reserve.give_up();
    return was_held;
}

// Throws what SQLite and the file system do not allow.
result<std::unique_ptr<message_box>> open_box(const std::string& path, std::int64_t lock_wait_ms) {
    const std::string folder = std::filesystem::path(path).parent_path().string();
    if (!folder.empty()) {
        make_durable_folder(folder);
    }
    result<sqlite::owner_lock> lock = sqlite::owner_lock::take(path, lock_wait_ms);
    if (!lock) {
        return unexpected{std::move(lock).error()};
    }
    if (const std::string remains = sqlite::remains_of_lost_box(path); !remains.empty()) {
        return fail("box.damaged", path + " is missing or empty, and " + remains +
                                       " is still there: put the database back, or restore a backup of all of it; "
                                       "to begin with an empty box, move that away as well");
    }
    have_no_page_memory_ahead();
    const bool is_new = make_database_file(path);
    forget_cached_wal(path);
    sqlite::database connection(path, false);
    if (result<void> prepared = sqlite::prepare_schema(connection, path); !prepared) {
        return unexpected{std::move(prepared).error()};
    }
    if (is_new) {
        sync_names(folder);
    }
    return sqlite::make_sqlite_message_box(path, std::move(*lock), std::move(connection));
}

}  // namespace

result<std::unique_ptr<message_box>> open_sqlite_message_box(const std::string& path, std::int64_t lock_wait_ms) {
    const auto refusal = [&path](const char* code, const char* why) {
        return fail(code, "the message box " + path + " cannot be opened: " + why);
    };
    for (bool is_last = false;; is_last = true) {
        try {
            return open_box(path, lock_wait_ms);
        } catch (const sqlite::sqlite_error& failure) {
            const bool may_be_full = failure.primary() == SQLITE_FULL || failure.primary() == SQLITE_IOERR;
            if (is_last || !may_be_full || !give_up_reserve(path)) {
                return refusal(failure.is_damage() ? "box.damaged" : "box.io", failure.what());
            }
        } catch (const std::exception& failure) {
            return refusal("box.io", failure.what());
        }
    }
}

}  // namespace hawser::engine
