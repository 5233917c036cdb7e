// What the SQLite store does on a disk that fails, and with files that were damaged: nothing accepted is lost, nothing
// is accepted that cannot be kept, and it goes on by itself when the cause is gone.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <thread>

#include "messagebox/sqlite/body_checksum.hpp"
#include "messagebox/test_box.hpp"
#include "support/fault_vfs.hpp"

using namespace hawser::engine;
using namespace hawser::engine::test;
using hawser::test::fault;
using hawser::test::fault_kind;
using hawser::test::fault_vfs;
using hawser::test::file_operation;
using hawser::test::vfs_role;

namespace {

struct faulty_box {
    faulty_box() : box(folder.open()) {}
    fault_vfs disk{"faulty", vfs_role::process_default};
    box_folder folder;
    std::unique_ptr<message_box> box;
};

std::string bytes_of(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

void overwrite(const std::string& path, std::size_t offset, const std::string& bytes) {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(offset));
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

constexpr std::size_t page_size = 4096;

}  // namespace

// ---- Writes that fail ----

TEST_CASE("while writes fail nothing is accepted and nothing is lost, and it goes on when they succeed again") {
    fault wanted;
    SUBCASE("disk full") { wanted = {.code = SQLITE_FULL, .file_suffix = "-wal"}; }
    SUBCASE("I/O error") { wanted = {.code = SQLITE_IOERR_WRITE, .file_suffix = "-wal"}; }
    SUBCASE("read-only") { wanted = {.code = SQLITE_READONLY, .file_suffix = "-wal"}; }
    SUBCASE("a write of which a part arrives") {
        wanted = {.code = SQLITE_IOERR_WRITE, .file_suffix = "-wal", .kind = fault_kind::torn};
    }
    faulty_box on;
    publish(*on.box, {.ports = {"A"}, .body = "first"});
    publish(*on.box, {.ports = {"A"}, .body = "second"});
    const auto held = claim(*on.box, "A");
    REQUIRE(held.size() == 1);
    CHECK(on.box->warnings().empty());

    on.disk.inject(wanted);
    const commit_answer refused = publish(*on.box, {.ports = {"A"}, .body = "refused"});
    CHECK(refused.status == commit_status::refused);
    CHECK(holds(refused.text, "try again"));
    const commit_answer result = commit(*on.box, complete_operation{held[0].token, {}});
    CHECK(result.status == commit_status::refused);
    CHECK(becomes([&] {  // a full disk is taken to have room again as soon as its free space says so
        return claim(*on.box, "A").empty() && on.box->warnings().size() == 1;
    }));
    CHECK(on.box->list({}).size() == 2);

    on.disk.clear();
    CHECK(commit(*on.box, complete_operation{held[0].token, {}}).status == commit_status::done);  // the same claim
    CHECK(becomes([&] { return publish(*on.box, {.ports = {"A"}, .body = "third"}).status == commit_status::done; }));
    CHECK(on.box->warnings().empty());
    on.box = nullptr;
    on.box = on.folder.open();
    const auto left = claim(*on.box, "A", 10);
    REQUIRE(left.size() == 2);
    CHECK(left[0].inline_bodies.at(0) == "second");
    CHECK(left[1].inline_bodies.at(0) == "third");
}

// The n-th write fails, for n = 1, 2, 3 … until the run gets through without one.
TEST_CASE("whichever write fails, every accepted message is there or was completed, and no other") {
    for (std::uint64_t passes = 0;; ++passes) {
        faulty_box on;
        publish(*on.box, {.ports = {"warm-up"}});
        CHECK(claim(*on.box, "warm-up").size() == 1);
        const std::uint64_t before = on.disk.struck_count();
        on.disk.inject({.code = passes % 2 == 0 ? SQLITE_FULL : SQLITE_IOERR_WRITE,
                        .file_suffix = "-wal",
                        .passes = passes,
                        .count = 1});
        std::map<std::string, bool> is_open;  // by body, of what was accepted
        for (int i = 0; i < 3; ++i) {
            const std::string body = std::to_string(i);
            if (publish(*on.box, {.ports = {"A"}, .body = body}).status == commit_status::done) {
                is_open[body] = true;
            }
            for (const claimed_delivery& one : claim(*on.box, "A")) {
                is_open[*one.inline_bodies.at(0)] =
                    commit(*on.box, complete_operation{one.token, {}}).status != commit_status::done;
            }
        }
        const bool has_struck = on.disk.struck_count() > before;
        on.disk.clear();
        on.box = nullptr;
        on.box = on.folder.open();
        std::map<std::string, bool> found;
        for (const claimed_delivery& one : claim(*on.box, "A", 10)) {
            found[*one.inline_bodies.at(0)] = true;
        }
        std::erase_if(is_open, [](const auto& one) { return !one.second; });
        INFO("after " << passes << " writes");
        CHECK(found == is_open);
        if (!has_struck) {
            CHECK(passes > 10);
            break;
        }
    }
}

TEST_CASE("a checkpoint that fails stops nothing, and is made up for") {
    faulty_box on;
    on.disk.inject({.code = SQLITE_IOERR_WRITE, .file_suffix = ".db"});
    for (int i = 0; i < 100; ++i) {
        REQUIRE(publish(*on.box, {.ports = {"A"}, .body = std::string(60000, 'x')}).status == commit_status::done);
    }
    CHECK(becomes([&] { return on.disk.struck_count() > 0; }));
    on.disk.clear();
    CHECK(becomes([&] {
        publish(*on.box, {.ports = {"A"}});
        return bytes_of(on.folder.box_path()).size() > 4'000'000;
    }));
}

TEST_CASE("a failed fsync ends the process with 74, and what was accepted before is there at the next start") {
    box_folder folder;
    const int exit_code = run_in_child([&] {
        fault_vfs disk("faulty", vfs_role::process_default);
        auto box = folder.open();
        publish(*box, {.ports = {"A"}, .body = "accepted"});
        disk.inject({.operation = file_operation::sync, .code = SQLITE_IOERR_FSYNC});
        publish(*box, {.ports = {"A"}, .body = "never answered"});
        ::_exit(1);
    });
    CHECK(exit_code == 74);
    auto box = folder.open();
    const auto held = claim(*box, "A");
    REQUIRE(held.size() == 1);
    CHECK(held[0].inline_bodies.at(0) == "accepted");
}

// ---- Reads that fail ----

TEST_CASE("while reads fail claims are refused, looking throws, and both go on when they succeed again") {
    faulty_box on;
    for (int i = 0; i < 200; ++i) {  // more than the connections keep in memory
        publish(*on.box, {.ports = {"A"}, .body = std::string(60000, 'x')});
    }
    on.disk.inject({.operation = file_operation::read, .code = SQLITE_IOERR_READ});
    bool is_refused = false;
    std::promise<void> answered;
    on.box->claim({{"A", 100, false}}, now(), [&](result<std::vector<claimed_delivery>> given) {
        is_refused = !given;
        answered.set_value();
    });
    answered.get_future().wait();
    CHECK(is_refused);
    CHECK_THROWS_AS(on.box->list({.error = "x"}), std::runtime_error);
    CHECK(on.box->next_due({"A"}).value_or(0) > now());  // to look again
    on.disk.clear();
    CHECK(claim(*on.box, "A", 100).size() == 100);
    CHECK(on.box->list({}).size() == 100);  // its limit
}

// ---- Damaged files ----

TEST_CASE("a message whose page is damaged is set aside, and the others and other ports go on") {
    box_folder folder;
    std::string body = "0123456789abcdef";
    const std::size_t body_period = body.size();
    while (body.size() < 20000) {
        body += body;
    }
    {
        auto box = folder.open();
        publish(*box, {.ports = {"A"}, .body = "before"});
        publish(*box, {.ports = {"A"}, .body = body});
        publish(*box, {.ports = {"A"}, .body = "after"});
        publish(*box, {.ports = {"B"}, .body = "other port"});
        publish(*box, {.ports = {"O"}, .body = body, .order_key = ""});
        publish(*box, {.ports = {"O"}, .body = "next in order", .order_key = ""});
    }
    const std::string file = bytes_of(folder.box_path());
    std::size_t damaged_pages = 0;
    for (std::size_t page = 1; page < file.size() / page_size; ++page) {  // overflow pages: a link, then the body alone
        if (file.substr(page * page_size + 4, 2000).find(body.substr(0, 1000)) < body_period) {
            overwrite(folder.box_path(), page * page_size, std::string(page_size, '\xff'));
            ++damaged_pages;
        }
    }
    REQUIRE(damaged_pages >= 2);
    auto box = folder.open();
    std::set<std::string> given;
    std::promise<void> answered;
    box->claim({{"A", 10, false}, {"B", 10, false}, {"O", 1, true}}, now(),
               [&](result<std::vector<claimed_delivery>> claims) {
                   for (const claimed_delivery& one : claims ? *claims : std::vector<claimed_delivery>{}) {
                       given.insert(*one.inline_bodies.at(0));
                   }
                   answered.set_value();
               });
    answered.get_future().wait();
    CHECK(given == std::set<std::string>{"before", "after", "other port", "next in order"});
    const auto aside = box->list({.state = delivery_state::suspended_not_resumable});
    REQUIRE(aside.size() == 2);
    CHECK(aside[0].code == "box.damaged");
    CHECK(holds(aside[0].text, "terminate it"));
    CHECK(box->warnings().size() == 1);
    CHECK(claim(*box, "A", 10).empty());
    publish(*box, {.ports = {"A"}, .body = "later"});  // back to the ordinary way
    CHECK(claim(*box, "A", 10).size() == 1);
    const auto shown = box->show(aside[0].id);
    REQUIRE(shown);
    CHECK(shown->summary.code == "box.damaged");
}

TEST_CASE("deliveries on a damaged page are passed over, and all others are delivered once") {
    box_folder folder;
    std::vector<std::string> unique_ids;
    {
        auto box = folder.open();
        for (int i = 0; i < 300; ++i) {
            publish(*box, {.ports = {"A"}});
        }
        publish(*box, {.ports = {"B"}});
        for (const delivery_summary& one : box->list({.port = "A", .count_max = 300})) {
            unique_ids.push_back(one.unique_id);
        }
    }
    const std::string file = bytes_of(folder.box_path());
    const std::size_t page = file.find(unique_ids.at(150)) / page_size;
    const std::string content = file.substr(page * page_size, page_size);
    const auto lost_count = static_cast<std::size_t>(std::count_if(
        unique_ids.begin(), unique_ids.end(), [&](const auto& id) { return content.find(id) != std::string::npos; }));
    overwrite(folder.box_path(), page * page_size, std::string(page_size, '\xff'));
    auto box = folder.open();
    std::set<std::string> given;
    std::size_t count = 0;
    for (int idle = 0; idle < 3;) {
        const auto claims = claim(*box, "A", 16);
        idle = claims.empty() ? idle + 1 : 0;
        for (const claimed_delivery& one : claims) {
            given.insert(one.unique_id);
            ++count;
            CHECK(commit(*box, complete_operation{one.token, {}}).status != commit_status::refused);
        }
    }
    CHECK(lost_count > 5);
    CHECK(count == unique_ids.size() - lost_count);
    CHECK(given.size() == count);
    CHECK(claim(*box, "B").size() == 1);
    CHECK(!box->warnings().empty());
}

TEST_CASE("a database that was cut off or overwritten is not opened, and is left as it is") {
    box_folder folder;
    {
        auto box = folder.open();
        for (int i = 0; i < 50; ++i) {
            publish(*box, {.ports = {"A"}, .body = std::string(10000, 'x')});
        }
    }
    const std::string whole = bytes_of(folder.box_path());
    SUBCASE("cut off") { std::filesystem::resize_file(folder.box_path(), whole.size() / 2); }
    SUBCASE("overwritten at its begin") { overwrite(folder.box_path(), 0, std::string(2 * page_size, 'g')); }
    const std::string before = bytes_of(folder.box_path());
    const auto opened = open_sqlite_message_box(folder.box_path(), 0);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == "box.damaged");
    CHECK(bytes_of(folder.box_path()) == before);
}

TEST_CASE("a damaged box is recovered by the sqlite3 command, as the handbook says") {
    if (std::system("sqlite3 -version >/dev/null 2>&1") != 0) {
        MESSAGE("skipped: there is no sqlite3 command here");
        return;
    }
    box_folder folder;
    {
        auto box = folder.open();
        for (int i = 0; i < 100; ++i) {
            publish(*box, {.ports = {"A"}, .body = std::string(3000, 'x')});
        }
    }
    const std::string path = folder.box_path();
    overwrite(path, std::filesystem::file_size(path) / page_size / 2 * page_size, std::string(page_size, '\xff'));
    const std::string recovered = path + ".recovered";
    const std::string recover = "sqlite3 " + path + " .dump | sed 's/^ROLLBACK;.*/COMMIT;/' | sqlite3 " + recovered +
                                " && sqlite3 " + recovered +
                                " \"PRAGMA application_id=0x48777372; PRAGMA user_version=$(sqlite3 -readonly " + path +
                                " 'PRAGMA user_version')\"";
    REQUIRE(std::system(recover.c_str()) == 0);
    std::filesystem::rename(recovered, path);
    std::filesystem::remove(path + "-wal");
    std::filesystem::remove(path + "-shm");
    auto box = folder.open();
    CHECK(claim(*box, "A", 200).size() > 50);
    CHECK(publish(*box, {.ports = {"A"}}).status == commit_status::done);
}

TEST_CASE("of a damaged WAL what stands before the damage is kept, and the box works") {
    box_folder folder;
    CHECK(run_in_child([&] {
              auto box = folder.open();
              for (int i = 0; i < 20; ++i) {
                  publish(*box, {.ports = {"A"}, .body = std::string(3000, 'x')});
              }
              ::_exit(0);
          }) == 0);
    const std::string wal = folder.box_path() + "-wal";
    const std::size_t size = std::filesystem::file_size(wal);
    SUBCASE("cut off in the middle of a page") { std::filesystem::resize_file(wal, size / 2 + 100); }
    SUBCASE("overwritten in the middle") { overwrite(wal, size / 2, std::string(page_size, 'g')); }
    auto box = folder.open();
    const std::size_t kept = box->list({}).size();
    CHECK(kept > 5);
    CHECK(kept < 20);
    CHECK(claim(*box, "A", 100).size() == kept);
    CHECK(publish(*box, {.ports = {"A"}}).status == commit_status::done);
}

TEST_CASE("a large body that is gone, cut off or changed is an error when it is read, never other bytes") {
    box_folder folder;
    auto box = folder.open();
    const std::string body(300'000, 'b');
    auto stager = box->stage_body();
    REQUIRE(stager->append(body.data(), 100'000));
    REQUIRE(stager->flush());
    REQUIRE(stager->append(body.data(), 200'000));  // after a flush
    publish(*box, {.ports = {"A"}, .staged = stager->finish().value()});
    const auto held = claim(*box, "A");
    REQUIRE(held.size() == 1);
    CHECK(read_all(*box->open_body(held[0].sequence, 0)) == body);
    const std::string folder_path = folder.box_path() + ".bodies";
    const std::string file = std::filesystem::directory_iterator(folder_path)->path().string();
    SUBCASE("gone") { std::filesystem::remove(file); }
    SUBCASE("changed in one bit") { overwrite(file, 150'000, "c"); }
    SUBCASE("zeroes at its end") { overwrite(file, 299'000, std::string(1000, '\0')); }
    CHECK_THROWS_AS(read_all(*box->open_body(held[0].sequence, 0)), std::runtime_error);
}

TEST_CASE("the checksum of a body depends on its bytes, their order and their number, not on the pieces") {
    const auto sum = [](const std::string& bytes, std::size_t piece) {
        hawser::engine::sqlite::body_checksum all;
        for (std::size_t i = 0; i < bytes.size(); i += piece) {
            all.add(bytes.data() + i, std::min(piece, bytes.size() - i));
        }
        return all.value();
    };
    std::string bytes;
    for (int i = 0; i < 1003; ++i) {
        bytes += static_cast<char>(i * 31 + i / 7);
    }
    for (const std::size_t piece : {1U, 3U, 8U, 13U, 64U}) {
        CHECK(sum(bytes, piece) == sum(bytes, bytes.size()));
    }
    std::string swapped = bytes;
    std::swap_ranges(swapped.begin(), swapped.begin() + 64, swapped.begin() + 512);
    CHECK(sum(swapped, 64) != sum(bytes, 64));
    CHECK(sum(bytes + std::string(1, '\0'), 64) != sum(bytes, 64));
    CHECK(sum("", 1) != sum(std::string(8, '\0'), 8));
}
