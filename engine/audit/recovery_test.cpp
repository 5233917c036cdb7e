// What a host that died, or a disk, leaves behind: torn ends are cut, altered ones refused, nothing acknowledged is
// lost.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <random>
#include <set>

#include "audit/audit_fixture.hpp"

using namespace hawser;
using namespace hawser::engine;
using namespace hawser::engine::audit;
using namespace hawser::engine::audit::test;

namespace {

constexpr int crash_count = 100;
constexpr int thread_count = 6;

// In a process of its own: hands over until it is killed, and says into the pipe what was acknowledged.
[[noreturn]] void hand_over_for_ever(const archive_fixture& f, int round, int acknowledged) {
    const auto one = f.open();
    std::vector<std::thread> threads;
    for (int i = 0; i < thread_count; ++i) {
        threads.emplace_back([&, i] {
            for (int j = 0;; ++j) {
                const std::string id = std::to_string(round) + '-' + std::to_string(i) + '-' + std::to_string(j);
                auto entry = one->begin(subject(id));
                if (!entry) {
                    continue;
                }
                (void)(*entry)->content(j % 3 == 0 ? std::string(20'000, 'c') : id);
                const result<void> done =
                    answer_of([&](const answer_function& answer) { (*entry)->hand_over("{}", answer); });
                const std::string line = id + '\n';
                if (done && ::write(acknowledged, line.data(), line.size()) < 0) {
                    ::_exit(1);
                }
                (*entry)->finish("{}", [](const result<void>&) {});
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    ::_exit(0);
}

// Reads until there are so many lines, or the end.
void read_lines_into(std::string& text, int file, std::size_t count_wanted) {
    char block[4096];
    ssize_t size = 1;
    while (size > 0 && static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) < count_wanted) {
        size = ::read(file, block, sizeof block);
        text.append(block, size > 0 ? static_cast<std::size_t>(size) : 0);
    }
}

std::uint64_t cut_bytes_of(const archive_fixture& f) {
    const std::string line = f.entries("opened").back().line;
    const std::size_t at = line.find("\"cutBytes\":") + 11;
    return std::stoull(line.substr(at));
}

}  // namespace

TEST_CASE("a host that is killed at any moment under load loses nothing that was acknowledged") {
    archive_fixture f;
    f.settings.file_size_max = 200'000;
    f.settings.sign_after_records = 30;
    const unsigned seed = std::random_device{}();
    MESSAGE("seed " << seed);
    std::mt19937 random(seed);
    std::set<std::string> acknowledged;
    for (int round = 0; round < crash_count; ++round) {
        int ends[2];
        REQUIRE(::pipe(ends) == 0);
        const pid_t child = ::fork();
        if (child == 0) {
            ::close(ends[0]);
            hand_over_for_ever(f, round, ends[1]);
        }
        ::close(ends[1]);
        // Some while it opens, the others once it is at work, however slow the disk is.
        std::string text;
        read_lines_into(text, ends[0], round % 5 == 0 ? 0 : 1 + random() % 30);
        std::this_thread::sleep_for(std::chrono::microseconds(random() % (round % 5 == 0 ? 40'000 : 3'000)));
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        read_lines_into(text, ends[0], SIZE_MAX);
        ::close(ends[0]);
        for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n')) {
            acknowledged.insert(text.substr(0, end));
            text.erase(0, end + 1);
        }
    }
    f.open()->close();
    const audit_verdict verdict = f.verify();
    CHECK_MESSAGE(verdict.code == answer_code::done, f.faults(verdict));
    CHECK(verdict.unsigned_count == 0);
    std::set<std::string> there;
    for (const audit_entry& one : f.entries("hand-over")) {
        there.insert(one.message_id);
    }
    CHECK(acknowledged.size() > crash_count);
    CHECK(std::includes(there.begin(), there.end(), acknowledged.begin(), acknowledged.end()));
    CHECK(fs::is_empty(f.folder() / "content" / "incoming"));
    MESSAGE(acknowledged.size() << " acknowledged, " << verdict.without_result_count << " without result, "
                                << verdict.left_over_count << " left over");
}

TEST_CASE("an end that is torn at any byte is cut off, and the chain goes on") {
    const archive_fixture f;
    {
        const auto one = f.open();
        CHECK(record(*one, "m", "x"));
    }
    const fs::path file = f.record_files()[0];
    const std::string whole = text_of(file);
    const std::size_t last_line = whole.rfind('\n', whole.size() - 2) + 1;
    for (std::size_t size = last_line + 1; size < whole.size(); size += 7) {
        write_text(file, whole.substr(0, size));
        f.open()->close();
        const audit_verdict verdict = f.verify();
        CHECK_MESSAGE(verdict.code == answer_code::done, f.faults(verdict));
        CHECK(cut_bytes_of(f) == size - last_line);
    }
    write_text(file, whole + std::string(10'000, '\0'));  // blocks that never reached the disk
    f.open()->close();
    CHECK(f.verify().code == answer_code::done);
    CHECK(cut_bytes_of(f) == 10'000);
    write_text(file, "");  // begun, and nothing was written
    f.open()->close();
    CHECK(f.verify().code == answer_code::done);
    write_text(file, whole.substr(0, 10));
    f.open()->close();
    CHECK(f.verify().code == answer_code::done);
}

TEST_CASE("an archive whose end was altered is not written to") {
    archive_fixture f;
    f.settings.file_size_max = 2000;
    {
        const auto one = f.open();
        for (int i = 0; i < 5; ++i) {
            CHECK(record(*one, std::to_string(i), "x"));
        }
    }
    const fs::path last = f.record_files().back();
    const fs::path before = f.record_files().end()[-2];
    const auto refused_with = [&](const fs::path& file, const std::string& changed) {
        const std::string whole = text_of(file);
        write_text(file, changed);
        const std::string trouble = f.open()->trouble();
        CHECK(text_of(file) == changed);
        write_text(file, whole);
        return trouble.find("altered") != std::string::npos || trouble.find("does not end with") != std::string::npos;
    };
    const std::string text = text_of(last);
    std::string changed = text;
    changed[changed.find("\"time\"") + 10] = '7';
    CHECK(refused_with(last, changed));
    CHECK(refused_with(last, text.substr(text.find('\n') + 1)));
    CHECK(refused_with(last, text + "x\n"));
    CHECK(refused_with(last, text + std::string(5, '\0') + "\n"));
    CHECK(refused_with(last, text + text));
    const std::string earlier = text_of(before);
    CHECK(refused_with(before, earlier.substr(0, earlier.size() - 5)));
    CHECK(refused_with(before, earlier + "x\n"));
    std::string signature = text;  // the last line: a good chain, a wrong signature
    const std::size_t value = signature.rfind("\"value\":\"") + 12;
    signature[value] = signature[value] == 'A' ? 'B' : 'A';
    CHECK(refused_with(last, signature));
    const auto again = f.open();
    CHECK(again->trouble().empty());
}
