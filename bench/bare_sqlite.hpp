// What messagebox_bench measures against: SQLite by itself, one table with a 4 KiB blob a row and no other index than
// its key, with the box's own durability (WAL, synchronous=FULL) and no other work at all: no look for what is ready,
// no reading of what is claimed, no subscriber, no history, no recovery. Whatever the message box does beside these
// three statements is what the ratios show. Failure: abort(); a baseline that fails is no baseline.
#pragma once

#include <sqlite3.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "messagebox/test_box.hpp"

namespace hawser::bench {

class bare_table {
public:
    enum class step : std::uint8_t { insert = 1, update, remove };

    bare_table() {
        check(sqlite3_open(folder_.box_path().c_str(), &handle_));
        execute(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=FAST;"
            "CREATE TABLE m(id INTEGER PRIMARY KEY, state INTEGER, body BLOB)");
        check(sqlite3_prepare_v2(handle_, "INSERT INTO m VALUES(?,1,?)", -1, &insert_, nullptr));
        check(sqlite3_prepare_v2(handle_, "UPDATE m SET state=2 WHERE id=?", -1, &update_, nullptr));
        check(sqlite3_prepare_v2(handle_, "DELETE FROM m WHERE id=?", -1, &remove_, nullptr));
        check(sqlite3_prepare_v2(handle_, "BEGIN IMMEDIATE", -1, &begin_, nullptr));
        check(sqlite3_prepare_v2(handle_, "COMMIT", -1, &commit_, nullptr));
    }
    bare_table(const bare_table&) = delete;
    bare_table& operator=(const bare_table&) = delete;
    ~bare_table() {
        for (sqlite3_stmt* one : {insert_, update_, remove_, begin_, commit_}) {
            sqlite3_finalize(one);
        }
        sqlite3_close(handle_);
    }

    void begin() { run(begin_); }
    void commit() { run(commit_); }
    void apply(step which, std::int64_t id, const std::string& body) {
        sqlite3_stmt* statement = which == step::insert ? insert_ : which == step::update ? update_ : remove_;
        sqlite3_bind_int64(statement, 1, id);
        if (which == step::insert) {
            sqlite3_bind_blob(statement, 2, body.data(), static_cast<int>(body.size()), SQLITE_STATIC);
        }
        run(statement);
    }
    void execute(const char* sql) { check(sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr)); }

private:
    static void run(sqlite3_stmt* statement) {
        if (sqlite3_step(statement) != SQLITE_DONE) {
            std::abort();
        }
        sqlite3_reset(statement);
    }
    static void check(int code) {
        if (code != SQLITE_OK) {
            std::abort();
        }
    }

    engine::test::box_folder folder_;
    sqlite3* handle_ = nullptr;
    sqlite3_stmt* insert_ = nullptr;
    sqlite3_stmt* update_ = nullptr;
    sqlite3_stmt* remove_ = nullptr;
    sqlite3_stmt* begin_ = nullptr;
    sqlite3_stmt* commit_ = nullptr;
};

// A caller's place to wait for one answer.
class answer_gate {
public:
    void open() {
        const std::lock_guard lock(mutex_);
        is_open_ = true;
        opened_.notify_one();
    }
    void pass() {
        std::unique_lock lock(mutex_);
        opened_.wait(lock, [this] { return is_open_; });
        is_open_ = false;
    }

private:
    std::mutex mutex_;
    std::condition_variable opened_;
    bool is_open_ = false;
};

// The same hand-off as the message box has: callers queue a step and wait, one writer thread puts whatever waits into
// one transaction and answers after its commit.
class bare_writer {
public:
    bare_writer() : thread_([this] { run(); }) {}
    ~bare_writer() {
        {
            const std::lock_guard lock(mutex_);
            is_stopping_ = true;
        }
        wake_.notify_all();
        thread_.join();
    }

    std::int64_t publish(const std::string& body) {
        const std::int64_t id = ++last_id_;
        hand_over(bare_table::step::insert, id, body);
        return id;
    }
    std::int64_t claim(std::int64_t id) {
        hand_over(bare_table::step::update, id, {});
        return id;
    }
    void complete(std::int64_t id) { hand_over(bare_table::step::remove, id, {}); }

private:
    struct request {
        bare_table::step step = bare_table::step::insert;
        std::int64_t id = 0;
        std::string body;
        answer_gate* answered = nullptr;
    };

    void hand_over(bare_table::step step, std::int64_t id, std::string body) {
        answer_gate answered;
        {
            const std::lock_guard lock(mutex_);
            pending_.push_back({step, id, std::move(body), &answered});
        }
        wake_.notify_one();
        answered.pass();
    }

    void run() {
        std::vector<request> group;
        while (true) {
            {
                std::unique_lock lock(mutex_);
                wake_.wait(lock, [this] { return !pending_.empty() || is_stopping_; });
                if (pending_.empty()) {
                    return;
                }
                group.swap(pending_);
            }
            table_.begin();
            for (const request& one : group) {
                table_.apply(one.step, one.id, one.body);
            }
            table_.commit();
            for (const request& one : group) {
                one.answered->open();
            }
            group.clear();
        }
    }

    bare_table table_;
    std::atomic<std::int64_t> last_id_{0};
    std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<request> pending_;
    bool is_stopping_ = false;
    std::thread thread_;
};

}  // namespace hawser::bench
