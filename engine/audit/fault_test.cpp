// Fails the n-th call to the disk for n = 1, 2, 3 … until the run passes: what was acknowledged is there every time.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <set>

#include "audit/audit_fixture.hpp"

using namespace hawser;
using namespace hawser::engine;
using namespace hawser::engine::audit;
using namespace hawser::engine::audit::test;

namespace {

constexpr int never = -1000;
std::atomic<int> calls_until_failure{never};
std::atomic<int> failures_in_a_row{1};
std::atomic<int> failure_count{0};
std::set<ino_t> synced_files;  // of one archive's thread at a time, and of whoever opens it

ino_t file_number_of(int file) {
    struct stat status {};
    return ::fstat(file, &status) == 0 ? status.st_ino : 0;
}

ino_t file_number_of(const fs::path& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

bool fails() {
    const int left = calls_until_failure.load() == never ? never : calls_until_failure.fetch_sub(1);
    if (left > 0 || left <= -failures_in_a_row) {
        return false;
    }
    ++failure_count;
    errno = EIO;
    return true;
}

// The end of a file that is in memory and not on the disk, since a sync failed and nobody writes it again.
struct {
    ino_t file = 0;
    off_t offset = 0;
    std::size_t size = 0;
} unwritten;

void forget_unwritten(int file) {
    if (unwritten.file != 0 && file_number_of(file) == unwritten.file) {
        const std::string zeros(unwritten.size, '\0');
        CHECK(::syscall(SYS_pwrite64, file, zeros.data(), zeros.size(), unwritten.offset) > 0);
        unwritten = {};
    }
}

}  // namespace

// In place of the C library's, for the whole program.
extern "C" int fdatasync(int file) { return fails() ? -1 : static_cast<int>(::syscall(SYS_fdatasync, file)); }
extern "C" int fsync(int file) {
    if (fails()) {
        return -1;
    }
    synced_files.insert(file_number_of(file));
    return static_cast<int>(::syscall(SYS_fsync, file));
}
extern "C" int rename(const char* from, const char* to) noexcept {
    return fails() ? -1 : static_cast<int>(::syscall(SYS_rename, from, to));
}
extern "C" int ftruncate(int file, off_t size) noexcept {
    return fails() ? -1 : static_cast<int>(::syscall(SYS_ftruncate, file, size));
}
extern "C" ssize_t pwrite(int file, const void* bytes, size_t size, off_t offset) {
    if (fails()) {
        (void)::syscall(SYS_pwrite64, file, bytes, size / 2, offset);  // and the rest did not fit
        return -1;
    }
    return ::syscall(SYS_pwrite64, file, bytes, size, offset);
}
extern "C" int posix_fadvise(int file, off_t, off_t, int advice) noexcept {
    if (advice == POSIX_FADV_DONTNEED) {
        forget_unwritten(file);
    }
    return 0;
}

namespace {

// Six messages, each tried until it is acknowledged.
std::set<std::string> hand_over_all(const archive_fixture& f) {
    std::set<std::string> acknowledged;
    const auto one = f.open();
    for (int i = 0; i < 6; ++i) {
        const std::string id = std::to_string(i);
        CHECK(eventually([&] { return record(*one, id, i % 2 == 0 ? std::string(30'000, 'c') : id).has_value(); }));
        acknowledged.insert(id);
    }
    one->close();
    return acknowledged;
}

}  // namespace

TEST_CASE("whichever call to the disk fails, and the next, what was acknowledged is there and the archive verifies") {
    for (const int in_a_row : {1, 2}) {
        failures_in_a_row = in_a_row;
        int run = 0;
        do {
            archive_fixture f;
            f.settings.file_size_max = 2500;
            f.settings.sign_after_records = 5;
            CAPTURE(in_a_row);
            CAPTURE(run);
            failure_count = 0;
            calls_until_failure = run++;
            const std::set<std::string> acknowledged = hand_over_all(f);
            calls_until_failure = never;
            const audit_verdict verdict = f.verify();
            CHECK_MESSAGE(verdict.code == answer_code::done, f.faults(verdict));
            CHECK(verdict.without_result_count == 0);
            CHECK(f.entries("opened").size() == 1);  // one that was not durable was taken back
            std::set<std::string> there;
            for (const audit_entry& one : f.entries("hand-over")) {
                there.insert(one.message_id);
            }
            CHECK(there == acknowledged);
            REQUIRE(run < 1000);
        } while (failure_count > 0);
        CHECK(run > 30);
        MESSAGE(run << " runs");
    }
    failures_in_a_row = 1;
}

TEST_CASE("what a host left in memory only when it died on a failed sync is not gone on from") {
    const archive_fixture f;
    f.open()->close();
    const fs::path path = f.record_files()[0];
    const std::string text = text_of(path);
    const std::size_t last_line = text.rfind('\n', text.size() - 2) + 1;
    unwritten = {file_number_of(path), static_cast<off_t>(last_line), text.size() - last_line};
    {
        const auto one = f.open();
        CHECK(record(*one, "m", "x"));
    }
    const descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    forget_unwritten(file.get());  // a loss of power
    const audit_verdict verdict = f.verify();
    CHECK_MESSAGE(verdict.code == answer_code::done, f.faults(verdict));
    CHECK(verdict.hand_over_count == 1);
}

TEST_CASE("the folder of an archive outlasts a loss of power with those above it, whichever call fails") {
    for (int run = 0; run < 10; ++run) {
        CAPTURE(run);
        archive_fixture f;
        f.settings.folder = (f.top() / "a" / "b" / "archive").string();
        synced_files.clear();
        calls_until_failure = run;
        const auto one = f.open();
        CHECK(eventually([&] { return one->trouble().empty(); }));
        calls_until_failure = never;
        one->close();
        for (fs::path above = f.folder(); above != f.top(); above = above.parent_path()) {
            CHECK(synced_files.contains(file_number_of(above.parent_path())));
        }
    }
}

TEST_CASE("whichever call to the disk fails, no line names a content that is gone when the host dies then") {
    int run = 0;
    do {
        archive_fixture f;
        f.settings.retry_ms = 3600 * 1000;  // what the failure has left stays
        f.settings.file_size_max = 1;
        CAPTURE(run);
        const auto one = f.open();
        failure_count = 0;
        calls_until_failure = run++;
        const bool is_acknowledged = record(*one, "m", std::string(30'000, 'c')).has_value();
        calls_until_failure = never;
        const audit_verdict verdict = f.verify();
        CHECK_MESSAGE(verdict.code == answer_code::done, f.faults(verdict));
        CHECK(verdict.content_count == (is_acknowledged ? 1 : 0));
    } while (failure_count > 0);
    CHECK(run > 4);
    MESSAGE(run << " runs");
}
