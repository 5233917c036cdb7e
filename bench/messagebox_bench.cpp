// The message box's full cycle (publish, claim, complete; 4 KiB; synchronous=FULL) beside bare SQLite doing the same
// inserts, updates and deletes in batches of 100, in the same run.
#include <benchmark/benchmark.h>
#include <sqlite3.h>

#include <condition_variable>
#include <mutex>

#include "messagebox/test_box.hpp"

using namespace hawser::engine;
using namespace hawser::engine::test;

namespace {

constexpr std::size_t body_size = 4096;
constexpr std::size_t batch_size = 100;

void execute(sqlite3* handle, const char* sql) {
    if (sqlite3_exec(handle, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
        std::abort();
    }
}

void bare_sqlite_batches(benchmark::State& state) {
    const box_folder folder;
    sqlite3* handle = nullptr;
    sqlite3_open(folder.box_path().c_str(), &handle);
    execute(handle,
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE m(id INTEGER PRIMARY KEY, state INTEGER, "
            "body BLOB)");
    sqlite3_stmt* insert = nullptr;
    sqlite3_stmt* claim_row = nullptr;
    sqlite3_stmt* remove = nullptr;
    sqlite3_prepare_v2(handle, "INSERT INTO m VALUES(?,1,?)", -1, &insert, nullptr);
    sqlite3_prepare_v2(handle, "UPDATE m SET state=2 WHERE id=?", -1, &claim_row, nullptr);
    sqlite3_prepare_v2(handle, "DELETE FROM m WHERE id=?", -1, &remove, nullptr);
    const std::string body(body_size, 'x');
    sqlite3_int64 id = 0;
    for (auto _ : state) {
        for (sqlite3_stmt* step : {insert, claim_row, remove}) {
            execute(handle, "BEGIN IMMEDIATE");
            for (std::size_t i = 1; i <= batch_size; ++i) {
                sqlite3_bind_int64(step, 1, id + static_cast<sqlite3_int64>(i));
                if (step == insert) {
                    sqlite3_bind_blob(step, 2, body.data(), static_cast<int>(body.size()), SQLITE_STATIC);
                }
                sqlite3_step(step);
                sqlite3_reset(step);
            }
            execute(handle, "COMMIT");
        }
        id += static_cast<sqlite3_int64>(batch_size);
    }
    for (sqlite3_stmt* step : {insert, claim_row, remove}) {
        sqlite3_finalize(step);
    }
    sqlite3_close(handle);
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(batch_size));
}

publication make_publication(const std::string& body) {
    publication message;
    message.message_id = make_uuid();
    message.published_unix_ms = now();
    new_part part;
    part.info.name = "body";
    part.info.is_body = true;
    part.info.size = body.size();
    part.body = body;
    message.parts.push_back(std::move(part));
    message.deliveries.push_back({"A", 5, 0, false});
    return message;
}

// Counts answers; one wait for all that were asked for.
class countdown {
public:
    void expect(std::size_t count) { left_ += count; }
    void arrive() {
        const std::lock_guard lock(mutex_);
        if (--left_ == 0) {
            done_.notify_all();
        }
    }
    void wait() {
        std::unique_lock lock(mutex_);
        done_.wait(lock, [this] { return left_ == 0; });
    }

private:
    std::mutex mutex_;
    std::condition_variable done_;
    std::size_t left_ = 0;
};

void full_cycle(benchmark::State& state) {
    const box_folder folder;
    const auto box = folder.open();
    const std::string body(body_size, 'x');
    const auto outstanding = static_cast<std::size_t>(state.range(0));
    for (auto _ : state) {
        countdown published;
        published.expect(outstanding);
        for (std::size_t i = 0; i < outstanding; ++i) {
            box->commit({publish_operation{make_publication(body)}}, [&](const commit_answer&) { published.arrive(); });
        }
        published.wait();
        std::size_t left = outstanding;
        while (left > 0) {
            const std::vector<claimed_delivery> claims = claim(*box, "A", static_cast<std::uint32_t>(left));
            countdown completed;
            completed.expect(claims.size());
            for (const claimed_delivery& one : claims) {
                box->commit({complete_operation{one.token, {}}}, [&](const commit_answer&) { completed.arrive(); });
            }
            completed.wait();
            left -= claims.size();
        }
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(outstanding));
}

void publish_alone(benchmark::State& state) {
    const box_folder folder;
    const auto box = folder.open();
    for (auto _ : state) {
        publish(*box, {.ports = {"A"}, .body = std::string(body_size, 'x')});
    }
    state.SetItemsProcessed(state.iterations());
}

BENCHMARK(bare_sqlite_batches)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(full_cycle)->Arg(16)->Arg(256)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(publish_alone)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
