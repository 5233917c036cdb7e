#include "audit/archive.hpp"

#include <pthread.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "audit/archive_reader.hpp"
#include "audit/archive_registry.hpp"
#include "audit/audit_fixture.hpp"

using namespace hawser;
using namespace hawser::engine;
using namespace hawser::engine::audit;
using namespace hawser::engine::audit::test;

namespace {

const std::string large(100'000, 'l');  // does not stand in its record

void check_good(const archive_fixture& f) {
    const audit_verdict verdict = f.verify();
    CHECK_MESSAGE(verdict.code == answer_code::done, f.faults(verdict));
}

}  // namespace

TEST_CASE("what was handed over is chained, signed, found again, and verifies, with each kind of key") {
    for (const char* kind : {"ED25519", "ED448", "EC", "RSA"}) {
        CAPTURE(kind);
        const archive_fixture f(kind);
        {
            const auto one = f.open();
            CHECK(one->trouble().empty());
            CHECK(record(*one, "small", "a\r\n..b\r\n.\r\n"));
            CHECK(record(*one, "large", large));
            CHECK(record(*one, "empty", ""));
        }
        audit_verify_options options;
        options.wants_signed_end = true;
        const audit_verdict verdict = f.verify(options);
        CHECK_MESSAGE(verdict.code == answer_code::done, f.faults(verdict));
        CHECK(verdict.record_count == 9);  // opened, signed, three times two, signed
        CHECK(verdict.hand_over_count == 3);
        CHECK(verdict.result_count == 3);
        CHECK(verdict.content_count == 3);
        CHECK(verdict.without_result_count == 0);
        CHECK(verdict.signature_count == 2);
        CHECK(verdict.checked_signature_count == 2);
        CHECK(verdict.last_signed == 9);
        CHECK(verdict.unsigned_count == 0);
        const std::vector<audit_entry> handed_over = f.entries("hand-over");
        REQUIRE(handed_over.size() == 3);
        CHECK(handed_over[0].port == "Out");
        CHECK(handed_over[0].message_id == "small");
        CHECK(handed_over[0].unique_id == "unique-small");
        CHECK(handed_over[0].delivery == 7);
        CHECK(handed_over[0].content_file.empty());
        CHECK(handed_over[1].content_file.size() > 0);
        CHECK(handed_over[1].size == large.size());
        CHECK(f.entries("result")[1].hand_over == handed_over[1].record);
        const fs::perms others = fs::perms::group_all | fs::perms::others_all;
        for (const auto& entry : fs::recursive_directory_iterator(f.folder())) {
            CHECK((fs::status(entry.path()).permissions() & others) == fs::perms::none);
        }
    }
}

TEST_CASE("a content is exported as mail and as it was on the wire, and not when it was altered") {
    const archive_fixture f;
    const auto one = f.open();
    REQUIRE(record(*one, "data", "a\r\n..b\r\n.\r\n"));
    REQUIRE(record(*one, "bdat", "a\r\n..b\r\n", R"({"transfer":"BDAT"})"));
    REQUIRE(record(*one, "large", "..x" + large));
    const std::string out = (f.top() / "out").string();
    const auto exported = [&](std::uint64_t number, audit_form form, answer_code code) {
        std::FILE* const file = std::fopen(out.c_str(), "w");
        const change_answer answer = export_audit(f.settings.folder, number, form, ::fileno(file));
        std::fclose(file);
        CHECK_MESSAGE(answer.code == code, answer.text);
        return text_of(out);
    };
    const std::vector<audit_entry> all = f.entries("hand-over");
    CHECK(exported(all[0].record, audit_form::mail, answer_code::done) == "a\r\n.b\r\n");
    CHECK(exported(all[0].record, audit_form::wire, answer_code::done) == "a\r\n..b\r\n.\r\n");
    CHECK(exported(all[1].record, audit_form::mail, answer_code::done) == "a\r\n..b\r\n");
    CHECK(exported(all[2].record, audit_form::mail, answer_code::done) == ".x" + large);
    CHECK(exported(all[0].record + 1, audit_form::mail, answer_code::not_found) == "");
    CHECK(exported(1000, audit_form::mail, answer_code::not_found) == "");
    write_text(f.folder() / "content" / all[2].content_file, ".,x" + large);
    CHECK(exported(all[2].record, audit_form::mail, answer_code::bad_input) == "");
}

TEST_CASE("an archive of hashes keeps no bytes") {
    archive_fixture f;
    f.settings.content = content_kept::hash;
    {
        const auto one = f.open();
        CHECK(record(*one, "m", large));
    }
    check_good(f);
    CHECK(f.entries("hand-over")[0].sha256 == sha256_hex(large));
    CHECK(f.verify().content_count == 0);
    CHECK(export_audit(f.settings.folder, f.entries("hand-over")[0].record, audit_form::mail, 1).code ==
          answer_code::bad_input);
}

TEST_CASE("what is broken off leaves a record, and no bytes") {
    const archive_fixture f;
    {
        const auto one = f.open();
        {
            auto dropped = *one->begin(subject("dropped"));
            CHECK(dropped->content(large));
        }
        auto finished = *one->begin(subject("finished"));
        CHECK(finished->content("x"));
        CHECK(answer_of([&](const answer_function& answer) { finished->finish(R"({"outcome":"gone"})", answer); }));
    }
    const std::vector<audit_entry> broken_off = f.entries("broken-off");
    REQUIRE(broken_off.size() == 2);
    CHECK(broken_off[0].sha256 == sha256_hex(large));
    CHECK(broken_off[1].line.find("gone") != std::string::npos);
    CHECK(broken_off[1].line.find("bytes") == std::string::npos);
    const audit_verdict verdict = f.verify();
    CHECK(verdict.code == answer_code::done);
    CHECK(verdict.broken_off_count == 2);
    CHECK(verdict.left_over_count == 0);
    CHECK(fs::is_empty(f.folder() / "content" / "incoming"));
}

TEST_CASE("wrong facts refuse a hand-over, and never lose the end of a record") {
    const archive_fixture f;
    {
        const auto one = f.open();
        auto entry = *one->begin(subject("m"));
        const result<void> refused =
            answer_of([&](const answer_function& answer) { entry->hand_over("[\n]", answer); });
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == "audit.misuse");
        const result<void> ended =
            answer_of([&](const answer_function& answer) { entry->finish(std::string(1, '\0'), answer); });
        REQUIRE_FALSE(ended);
        CHECK(ended.error().code == "audit.misuse");
    }
    check_good(f);
    CHECK(f.entries("broken-off").size() == 1);
}

TEST_CASE("hostile names and facts stay in their line") {
    const archive_fixture f;
    const std::string hostile = "a\"}\n{\"record\":1\xff\0\x1b[31m";
    {
        const auto one = f.open();
        auto entry = *one->begin({hostile, hostile, hostile, -1, 0});
        const std::string facts =
            "{" + json_string(hostile) + ":" + json_string(std::string(facts_size_max / 2, '"')) + "}";
        CHECK_FALSE(answer_of([&](const answer_function& answer) { entry->hand_over(facts, answer); }));  // too large
    }
    {
        const auto one = f.open();
        CHECK(record(*one, hostile, hostile,
                     "{" + json_string(hostile) + ":" + json_string(std::string(500'000, '"')) + "}"));
    }
    check_good(f);
    const std::vector<audit_entry> all = f.entries("hand-over");
    REQUIRE(all.size() == 1);
    CHECK(all[0].message_id.starts_with("a\"}\n{\"record\":1"));
}

TEST_CASE("records are signed after a number of them, and after a time") {
    archive_fixture f;
    f.settings.sign_after_records = 4;
    {
        const auto one = f.open();
        for (int i = 0; i < 10; ++i) {
            CHECK(record(*one, std::to_string(i), "x"));
        }
        CHECK(f.verify().signature_count == 6);  // one of the opening
        CHECK(f.verify().unsigned_count == 0);
    }
    f.settings.sign_after_records = 1'000'000;
    f.settings.sign_after_ms = 20;
    const auto one = f.open();
    CHECK(record(*one, "last", "x"));
    CHECK(eventually([&] { return f.verify().unsigned_count == 0; }));
}

TEST_CASE("many threads share the syncs, the files are of a size, and the chain runs across them") {
    archive_fixture f;
    f.settings.file_size_max = 20'000;
    f.settings.sign_after_records = 50;
    constexpr int thread_count = 8;
    constexpr int message_count = 40;
    {
        const auto one = f.open();
        std::vector<std::thread> threads;
        std::atomic<int> refused{0};
        for (int i = 0; i < thread_count; ++i) {
            threads.emplace_back([&, i] {
                for (int j = 0; j < message_count; ++j) {
                    const std::string id = std::to_string(i) + '-' + std::to_string(j);
                    refused += record(*one, id, j % 8 == 0 ? large : id) ? 0 : 1;
                }
            });
        }
        for (std::thread& thread : threads) {
            thread.join();
        }
        CHECK(refused == 0);
    }
    CHECK(f.record_files().size() > 5);
    const audit_verdict verdict = f.verify();
    CHECK_MESSAGE(verdict.code == answer_code::done, f.faults(verdict));
    CHECK(verdict.hand_over_count == thread_count * message_count);
    CHECK(verdict.result_count == thread_count * message_count);
}

TEST_CASE("a reader beside a writer finds a growing end, and no fault") {
    archive_fixture f;
    f.settings.file_size_max = 50'000;
    const auto one = f.open();
    std::atomic<bool> is_done{false};
    std::thread writer([&] {
        for (int i = 0; i < 300; ++i) {
            CHECK(record(*one, std::to_string(i), i % 10 == 0 ? large : "x"));
        }
        is_done = true;
    });
    while (!is_done) {
        check_good(f);
    }
    writer.join();
}

TEST_CASE("a line that its writer ends while it is read is still the end of what was read") {
    const archive_fixture f;
    const fs::path file = f.top() / record_file_name(1);
    write_text(file, "one\ntw");
    std::vector<std::string> seen;
    CHECK(read_lines(f.top().string(), [&](const placed_line& line) {
        seen.emplace_back(line.text);
        std::ofstream(file, std::ios::binary | std::ios::app) << (seen.size() == 2 ? "o\nthree\n" : "");
        return true;
    }));
    CHECK(seen == std::vector<std::string>{"one", "tw"});
}

TEST_CASE("a reload changes the key and what is kept, and the old key signs what it had") {
    archive_fixture f;
    write_key(f.top(), "new", "EC");
    {
        const auto one = f.open();
        CHECK(record(*one, "before", "x"));
        archive_settings changed = f.settings;
        changed.key = *signing_key::read((f.top() / "new.pem").string());
        changed.content = content_kept::hash;
        one->change(changed);
        CHECK(eventually([&] { return f.entries("settings").size() == 1; }));
        CHECK(record(*one, "after", "x"));
    }
    CHECK(f.verify().code == answer_code::bad_input);  // the new key was not given
    audit_verify_options options;
    options.key_files = {(f.top() / "new.pub.pem").string()};
    const audit_verdict verdict = f.verify(options);
    CHECK_MESSAGE(verdict.code == answer_code::done, f.faults(verdict));
    CHECK(verdict.unsigned_count == 0);
    CHECK(f.entries("hand-over")[1].line.find("\"bytes\"") == std::string::npos);
}

TEST_CASE("one archive for each folder: another host is refused, and takes over when the first has ended") {
    const archive_fixture f;
    auto one = f.open();
    const auto other = f.open();
    CHECK(other->trouble().find("another host") != std::string::npos);
    const auto refused = other->begin(subject("m"));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == "audit.later");
    one.reset();
    CHECK(eventually([&] { return other->trouble().empty(); }));
    CHECK(record(*other, "m", "x"));
}

TEST_CASE("a host whose lock was removed writes nothing beside another that took it") {
    const archive_fixture f;
    const auto one = f.open();
    REQUIRE(record(*one, "before", "x"));
    fs::remove(f.folder() / "archive.lock");
    auto other = f.open();
    CHECK(other->trouble() == "");
    CHECK_FALSE(record(*one, "refused", "x"));
    CHECK(record(*other, "beside", "x"));
    CHECK(eventually([&] { return one->trouble().find("another host writes") != std::string::npos; }));
    other.reset();
    CHECK(eventually([&] { return one->trouble().find("start this one anew") != std::string::npos; }));
    CHECK_FALSE(record(*one, "refused again", "x"));
    one->close();
    const auto anew = f.open();
    CHECK(record(*anew, "anew", "x"));
    check_good(f);
    CHECK(f.entries("hand-over").size() == 3);
}

TEST_CASE("a lock that was removed is taken again where no other host has written") {
    const archive_fixture f;
    const auto one = f.open();
    REQUIRE(record(*one, "before", "x"));
    fs::remove(f.folder() / "archive.lock");
    CHECK_FALSE(record(*one, "refused", "x"));
    CHECK(eventually([&] { return one->trouble().empty(); }));
    CHECK(record(*one, "again", "x"));
    CHECK(f.open()->trouble().find("another host") != std::string::npos);
    one->close();
    check_good(f);
    CHECK(f.entries("opened").size() == 1);
}

TEST_CASE("a registry opens a folder once, and closes what nobody uses any more") {
    const archive_fixture f;
    archive_registry registry(system_clock());
    auto one = registry.open(f.settings);
    CHECK(registry.open(f.settings) == one);
    CHECK(record(*one, "m", "x"));
    one.reset();
    CHECK(eventually([&] { return f.verify().unsigned_count == 0 && f.verify().signature_count == 2; }));
    CHECK(eventually([&] {
        one = registry.open(f.settings);
        return eventually([&] { return one->trouble().empty(); });
    }));
    auto open = *one->begin(subject("late"));
    registry.finish();
    const result<void> late = answer_of([&](const answer_function& answer) { open->finish("{}", answer); });
    REQUIRE_FALSE(late);
    CHECK(late.error().code == "audit.later");
    CHECK_FALSE(one->begin(subject("later")));
    check_good(f);
}

TEST_CASE("a folder whose former archive is still being closed is opened when it has ended") {
    archive_fixture f;
    f.settings.retry_ms = 3600 * 1000;
    archive_registry registry(system_clock());
    auto former = registry.open(f.settings);
    std::promise<void> may_end;
    {
        auto entry = *former->begin(subject("m"));
        entry->hand_over("{}", [&](const result<void>&) { may_end.get_future().wait(); });
    }
    former.reset();
    auto opening = std::async(std::launch::async, [&] { return registry.open(f.settings); });
    CHECK(opening.wait_for(std::chrono::milliseconds(100)) == std::future_status::timeout);
    may_end.set_value();
    const auto next = opening.get();
    CHECK(next->trouble() == "");
    CHECK(record(*next, "next", "x"));
    next->close();
    check_good(f);
}

TEST_CASE("letting go of an archive makes no thread, which might not be had") {
    const archive_fixture f;
    archive_registry registry(system_clock());
    auto one = registry.open(f.settings);
    CHECK(record(*one, "m", "x"));
    pthread_attr_t before;
    pthread_attr_t huge;
    ::pthread_getattr_default_np(&before);
    ::pthread_getattr_default_np(&huge);
    ::pthread_attr_setstacksize(&huge, std::size_t{1} << 60U);  // which there is no room for
    REQUIRE(::pthread_setattr_default_np(&huge) == 0);
    one.reset();
    REQUIRE(::pthread_setattr_default_np(&before) == 0);
    ::pthread_attr_destroy(&huge);
    ::pthread_attr_destroy(&before);
    registry.finish();
    check_good(f);
    CHECK(f.verify().unsigned_count == 0);
}

TEST_CASE("a full file stops the archive, results are kept, and it goes on when there is room") {
    const archive_fixture f;
    const auto one = f.open();
    auto open = *one->begin(subject("open"));
    REQUIRE(answer_of([&](const answer_function& answer) { open->hand_over("{}", answer); }));
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
    rlimit small = before;
    small.rlim_cur = fs::file_size(f.record_files()[0]) + 10;  // a torn line
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
    const result<void> refused = record(*one, "refused", "x");
    CHECK_FALSE(refused);
    const result<void> kept =
        answer_of([&](const answer_function& answer) { open->finish(R"({"outcome":"kept"})", answer); });
    CHECK_FALSE(kept);
    const auto stopped = one->begin(subject("stopped"));
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
    REQUIRE_FALSE(kept);
    CHECK(kept.error().text.find("is kept") != std::string::npos);
    REQUIRE_FALSE(stopped);
    CHECK(stopped.error().text.find("cannot write") != std::string::npos);
    CHECK(eventually([&] { return one->trouble().empty(); }));
    CHECK(record(*one, "again", "x"));
    one->close();
    check_good(f);
    CHECK(f.entries("resumed").size() == 1);
    REQUIRE(f.entries("result").size() == 2);
    CHECK(f.entries("result")[0].line.find("kept") != std::string::npos);
    REQUIRE(f.entries("broken-off").size() == 1);
    CHECK(f.entries("broken-off")[0].message_id == "refused");
}

TEST_CASE("on a disk that is really full nothing is acknowledged that is not there") {
    archive_fixture f;
    const fs::path disk = f.top() / "disk";
    fs::create_directory(disk);
    if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=2m,mode=0700") != 0) {
        MESSAGE("skipped: no small file system may be mounted here: " << std::strerror(errno));
        return;
    }
    f.settings.folder = (disk / "archive").string();
    std::vector<std::string> accepted;
    {
        const auto one = f.open();
        for (int i = 0; i < 200; ++i) {
            const std::string id = std::to_string(i);
            if (record(*one, id, i % 2 == 0 ? large : std::string(5000, 's'))) {
                accepted.push_back(id);
            }
        }
        CHECK(accepted.size() > 5);
        CHECK(accepted.size() < 100);
        fs::remove_all(f.folder() / "content" / f.entries("hand-over")[0].content_file.substr(0, 4));  // makes room
        CHECK(eventually([&] { return one->trouble().empty() && record(*one, "after", "x"); }));
    }
    std::vector<std::string> there;
    for (const audit_entry& one : f.entries("hand-over")) {
        there.push_back(one.message_id);
    }
    for (const std::string& id : accepted) {
        CHECK(std::find(there.begin(), there.end(), id) != there.end());
    }
    const audit_verdict verdict = f.verify();
    CHECK(verdict.break_count > 0);  // the contents that were removed
    for (const audit_break& one : verdict.breaks) {
        CHECK_MESSAGE(one.text.find("is not there") != std::string::npos, one.text);
    }
    ::umount2(disk.c_str(), MNT_DETACH);
}

TEST_CASE("an archive whose folder or file is taken away stops, and does not begin anew") {
    const archive_fixture f;
    const auto one = f.open();
    REQUIRE(record(*one, "before", "x"));
    const fs::path aside = f.top() / "aside";
    fs::rename(f.folder(), aside);
    CHECK_FALSE(record(*one, "away", "x"));
    CHECK_FALSE(one->begin(subject("stopped")));
    CHECK_FALSE(fs::exists(f.folder()));
    fs::rename(aside, f.folder());
    CHECK(eventually([&] { return one->trouble().empty(); }));
    CHECK(record(*one, "back", "x"));
    const fs::path file = f.record_files()[0];
    fs::rename(file, aside);
    write_text(file, "");
    CHECK_FALSE(record(*one, "replaced", "x"));
    fs::rename(aside, file);
    CHECK(eventually([&] { return one->trouble().empty(); }));
    one->close();
    check_good(f);
}

TEST_CASE("a file that somebody has put where the next one belongs stops an archive, and is not touched") {
    archive_fixture f;
    f.settings.file_size_max = 1;  // a file for each write
    const auto one = f.open();
    REQUIRE(record(*one, "before", "x"));
    const std::string foreign = text_of(f.record_files().back());
    const fs::path next = f.folder() / record_file_name(f.verify().record_count + 1);
    write_text(next, foreign);
    CHECK_FALSE(record(*one, "refused", "x"));
    CHECK(eventually([&] { return one->trouble().find("take it away") != std::string::npos; }));  // tried again
    CHECK(text_of(next) == foreign);
    fs::remove(next);
    CHECK(eventually([&] { return one->trouble().empty(); }));
    CHECK(record(*one, "again", "x"));
    write_text(f.folder() / record_file_name(f.verify().record_count + 1), "");
    CHECK(record(*one, "over an empty one", "x"));
    one->close();
    check_good(f);
}
