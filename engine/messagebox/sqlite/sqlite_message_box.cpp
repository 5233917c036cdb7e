// The SQLite store: one writer thread that gathers whatever is queued into one transaction, a maintenance thread that
// checkpoints and removes files, and a few read connections. See message_box.hpp for the contract.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <limits>
#include <mutex>
#include <thread>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "messagebox/message_box.hpp"
#include "messagebox/sqlite/body_files.hpp"
#include "messagebox/sqlite/box_reader.hpp"
#include "messagebox/sqlite/box_writer.hpp"
#include "messagebox/sqlite/database.hpp"
#include "messagebox/sqlite/owner_lock.hpp"
#include "messagebox/sqlite/prune_schedule.hpp"
#include "messagebox/sqlite/schema.hpp"

namespace hawser::engine::sqlite {
namespace {

constexpr std::size_t pending_count_max = 10000;  // batches that wait for the writer; more and commit() waits
constexpr std::size_t group_count_max = 1000;     // batches in one transaction
constexpr int checkpoint_pages = 1000;            // 4 MB of WAL: checkpoint without stopping the writer
constexpr int restart_pages = 8000;               // 32 MB: the writer waits for a full checkpoint
constexpr std::int64_t quiet_ms = 1000;           // nothing was written for so long: the file may shrink …
constexpr int shrink_pages = 1000;                // … by 4 MB at a time …
constexpr std::int64_t free_pages_kept = 1000;    // … and keeps as much for what comes next
constexpr int exit_io_error = 74;

using commit_callback = std::function<void(const commit_answer&)>;
using claim_callback = std::function<void(result<std::vector<claimed_delivery>>)>;

struct request {
    std::vector<operation> batch;  // a commit, or …
    commit_callback answer;
    std::vector<port_claim> wanted;  // … a claim
    std::int64_t now_unix_ms = 0;
    claim_callback claimed;
    commit_answer outcome;
    std::vector<claimed_delivery> given;
};

// After a failed fsync the kernel may have dropped the pages: the only honest state is the one on disk, read anew.
[[noreturn]] void end_process(const sqlite_error& failure) {
    log::error("the message box cannot be synced to disk: the process ends, and starts again from what is durable",
               {{"error", failure.what()}, {"code", std::to_string(failure.code())}});
    std::_Exit(exit_io_error);
}

class message_box_impl final : public message_box {
public:
    message_box_impl(std::string path, owner_lock lock, database connection)
        : lock_(std::move(lock)),
          connection_(std::move(connection)),
          writer_(connection_),
          files_(path + ".bodies"),
          reader_(path, files_),
          checkpoint_connection_(path, false) {
        files_.remove_all_but(reader_.known_files());
        writer_.recover_crashed(system_clock().unix_ms());
        sqlite3_wal_hook(connection_.handle(), &message_box_impl::on_wal, this);
        writer_thread_ = std::thread([this] { run_writer(); });
        maintenance_thread_ = std::thread([this] { run_maintenance(); });
    }
    ~message_box_impl() override {
        {
            const std::lock_guard lock(mutex_);
            is_stopping_ = true;
        }
        wake_.notify_all();
        writer_thread_.join();
        {
            const std::lock_guard lock(maintenance_mutex_);
            is_maintenance_stopping_ = true;
        }
        maintenance_wake_.notify_all();
        maintenance_thread_.join();
        writer_.give_back_numbers();
    }

    void commit(std::vector<operation> batch, commit_callback answer) override {
        request one;
        one.batch = std::move(batch);
        one.answer = std::move(answer);
        enqueue(std::move(one));
    }
    void claim(std::vector<port_claim> wanted, std::int64_t now_unix_ms, claim_callback answer) override {
        request one;
        one.wanted = std::move(wanted);
        one.now_unix_ms = now_unix_ms;
        one.claimed = std::move(answer);
        enqueue(std::move(one));
    }
    std::int64_t lease_ms() const noexcept override { return 0; }
    std::optional<std::int64_t> next_due(const std::vector<std::string>& ports) override {
        return reader_.next_due(ports);
    }
    std::unique_ptr<body_stager> stage_body() override { return files_.stage(); }
    std::unique_ptr<body_reader> open_body(std::int64_t sequence, std::size_t part_index) override {
        return reader_.open_body(sequence, part_index);
    }
    std::unique_ptr<body_reader> open_tracked_body(delivery_id id) override { return reader_.open_tracked_body(id); }
    void set_retention(const tracking_retention& limits) override {
        {
            const std::lock_guard lock(mutex_);
            retention_ = limits;
            is_retention_new_ = true;
        }
        wake_.notify_one();
    }
    std::vector<delivery_summary> list(const delivery_filter& filter) override { return reader_.list(filter); }
    std::optional<delivery_detail> show(delivery_id id) override { return reader_.show(id); }
    std::vector<port_counts> counts() override { return reader_.counts(); }
    std::vector<held_count> held_counts() override { return reader_.held_counts(); }
    std::vector<port_state_record> port_states() override { return reader_.port_states(); }

private:
    // The writer itself never waits here: its answers may commit again.
    void enqueue(request one) {
        {
            std::unique_lock lock(mutex_);
            if (std::this_thread::get_id() != writer_thread_.get_id()) {
                room_.wait(lock, [this] { return pending_.size() < pending_count_max || is_stopping_; });
            }
            pending_.push_back(std::move(one));
        }
        wake_.notify_one();
    }

    void run_writer() {
        while (true) {
            std::vector<request> group;
            tracking_retention limits;
            {
                std::unique_lock lock(mutex_);
                const std::int64_t wait_ms = pruning_.wait_ms(system_clock().monotonic_ms());
                wake_.wait_for(lock, std::chrono::milliseconds(wait_ms),
                               [this] { return !pending_.empty() || is_stopping_ || is_retention_new_; });
                if (pending_.empty() && is_stopping_) {
                    return;
                }
                take_group(group);
                limits = retention_;
                if (std::exchange(is_retention_new_, false)) {
                    pruning_.hurry();
                }
            }
            if (!group.empty()) {
                room_.notify_all();
                write(group);
                for (request& one : group) {
                    answer(one);
                }
                written_ms_ = system_clock().monotonic_ms();
            }
            prune_if_due(limits);
        }
    }

    void take_group(std::vector<request>& group) {
        const std::size_t count = std::min(pending_.size(), group_count_max);
        const auto end = pending_.begin() + static_cast<std::ptrdiff_t>(count);
        std::move(pending_.begin(), end, std::back_inserter(group));
        pending_.erase(pending_.begin(), end);
    }

    // The whole group in one transaction; where that fails, each by itself, so that a bad one never fails its
    // neighbours.
    void write(std::vector<request>& group) {
        try {
            writer_.begin();
            for (request& one : group) {
                apply(one);
            }
            writer_.commit();
            remove_files(writer_.take_removed_files());
            return;
        } catch (const sqlite_error& failure) {
            give_up_on_sync_failure(failure);
            writer_.roll_back();
        }
        for (request& one : group) {
            one.given.clear();
            try {
                writer_.begin();
                apply(one);
                writer_.commit();
                remove_files(writer_.take_removed_files());
            } catch (const sqlite_error& failure) {
                give_up_on_sync_failure(failure);
                writer_.roll_back();
                one.given.clear();
                one.outcome = {commit_status::refused,
                               {},
                               fmt::format("the message box cannot store it now ({}): free space or repair the "
                                           "disk, then try again",
                                           failure.what())};
            }
        }
    }

    static void give_up_on_sync_failure(const sqlite_error& failure) {
        if (failure.code() == SQLITE_IOERR_FSYNC || failure.code() == SQLITE_IOERR_DIR_FSYNC) {
            end_process(failure);
        }
    }

    void apply(request& one) {
        one.outcome = {};
        if (one.claimed) {
            one.given = writer_.claim(one.wanted, one.now_unix_ms);
            return;
        }
        const bool needs_savepoint = one.batch.size() > 1;  // a lone operation refuses before it writes
        if (needs_savepoint) {
            writer_.begin_savepoint();
        }
        for (const operation& step : one.batch) {
            one.outcome = writer_.apply(step);
            if (one.outcome.status != commit_status::done) {
                if (needs_savepoint) {
                    writer_.roll_back_savepoint();
                }
                return;
            }
        }
        if (needs_savepoint) {
            writer_.end_savepoint();
        }
    }

    static void answer(request& one) {
        if (one.claimed) {
            if (one.outcome.status == commit_status::refused) {
                one.claimed(fail("box.refused", one.outcome.text));
            } else {
                one.claimed(std::move(one.given));
            }
        } else if (one.answer) {
            one.answer(one.outcome);
        }
    }

    // ---- Pruning, a small piece at a time ----

    writer_load load(const tracking_retention& limits) {
        const std::lock_guard lock(mutex_);
        return pending_.empty()              ? writer_load::idle
               : writer_.is_far_over(limits) ? writer_load::busy_and_far_over
                                             : writer_load::busy;
    }

    void prune_if_due(const tracking_retention& limits) {
        if (writer_.is_over(limits)) {
            pruning_.hurry();
        }
        const std::int64_t started_ms = system_clock().monotonic_ms();
        if (!pruning_.is_due(started_ms, load(limits))) {
            return;
        }
        try {
            const bool has_more = prune_piece(limits, started_ms - written_ms_ >= quiet_ms);
            const std::int64_t now_ms = system_clock().monotonic_ms();
            pruning_.has_looked(now_ms, now_ms - started_ms, has_more);
        } catch (const sqlite_error& failure) {
            give_up_on_sync_failure(failure);
            writer_.roll_back();
            pruning_.has_failed(started_ms);
            log::warning("what the message box need not keep could not be removed; it is tried again",
                         {{"error", failure.what()}});
        }
    }

    bool prune_piece(const tracking_retention& limits, bool is_quiet) {
        const std::int64_t now_unix_ms = system_clock().unix_ms();
        if (writer_.prune_tracked(limits, now_unix_ms)) {
            remove_files(writer_.take_removed_files());
            return true;
        }
        return writer_.prune_keys(now_unix_ms) || (is_quiet && writer_.shrink(free_pages_kept, shrink_pages));
    }

    // ---- Maintenance: checkpoints on their own connection, and files of messages that are gone ----

    static int on_wal(void* self, sqlite3*, const char*, int pages) {
        auto* box = static_cast<message_box_impl*>(self);
        if (pages >= checkpoint_pages) {
            const std::lock_guard lock(box->maintenance_mutex_);
            box->wal_pages_ = pages;
            box->maintenance_wake_.notify_one();
        }
        return SQLITE_OK;
    }

    void remove_files(std::vector<std::int64_t> files) {
        if (files.empty()) {
            return;
        }
        const std::lock_guard lock(maintenance_mutex_);
        removed_files_.insert(removed_files_.end(), files.begin(), files.end());
        maintenance_wake_.notify_one();
    }

    void run_maintenance() {
        std::unique_lock lock(maintenance_mutex_);
        while (true) {
            maintenance_wake_.wait(
                lock, [this] { return is_maintenance_stopping_ || wal_pages_ > 0 || !removed_files_.empty(); });
            if (is_maintenance_stopping_ && removed_files_.empty()) {
                return;
            }
            const int pages = std::exchange(wal_pages_, 0);
            const std::vector<std::int64_t> files = std::exchange(removed_files_, {});
            lock.unlock();
            for (const std::int64_t id : files) {
                files_.remove(id);
            }
            if (pages > 0) {
                checkpoint(pages >= restart_pages ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE);
            }
            lock.lock();
        }
    }

    void checkpoint(int mode) {
        const int code = sqlite3_wal_checkpoint_v2(checkpoint_connection_.handle(), nullptr, mode, nullptr, nullptr);
        if (code == SQLITE_IOERR_FSYNC) {
            end_process(sqlite_error(code, sqlite3_errmsg(checkpoint_connection_.handle())));
        }
        if (code != SQLITE_OK && code != SQLITE_BUSY) {
            log::warning("the message box could not be checkpointed; it is tried again",
                         {{"error", sqlite3_errmsg(checkpoint_connection_.handle())}});
        }
    }

    owner_lock lock_;  // first in, last out
    database connection_;
    box_writer writer_;
    body_files files_;
    box_reader reader_;
    database checkpoint_connection_;

    std::mutex mutex_;
    std::condition_variable wake_;
    std::condition_variable room_;
    std::deque<request> pending_;
    bool is_stopping_ = false;
    tracking_retention retention_{std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::max()};
    bool is_retention_new_ = false;
    prune_schedule pruning_{system_clock().monotonic_ms()};  // the writer's own
    std::int64_t written_ms_ = 0;                            // when the writer was last asked to write
    std::thread writer_thread_;

    std::mutex maintenance_mutex_;
    std::condition_variable maintenance_wake_;
    std::vector<std::int64_t> removed_files_;
    int wal_pages_ = 0;
    bool is_maintenance_stopping_ = false;
    std::thread maintenance_thread_;
};

}  // namespace
}  // namespace hawser::engine::sqlite

namespace hawser::engine {

result<std::unique_ptr<message_box>> open_sqlite_message_box(const std::string& path, std::int64_t lock_wait_ms) {
    const ::mode_t old_mask = ::umask(077);
    struct mask_restorer {
        ::mode_t mask;
        ~mask_restorer() { ::umask(mask); }
    } const restore{old_mask};
    try {
        const std::filesystem::path folder = std::filesystem::path(path).parent_path();
        if (!folder.empty()) {
            std::filesystem::create_directories(folder);
        }
        result<sqlite::owner_lock> lock = sqlite::owner_lock::take(path, lock_wait_ms);
        if (!lock) {
            return unexpected{std::move(lock).error()};
        }
        sqlite::database connection(path, false);
        if (result<void> prepared = sqlite::prepare_schema(connection, path); !prepared) {
            return unexpected{std::move(prepared).error()};
        }
        return std::unique_ptr<message_box>(
            std::make_unique<sqlite::message_box_impl>(path, std::move(*lock), std::move(connection)));
    } catch (const sqlite::sqlite_error& failure) {
        const bool is_damaged = failure.primary() == SQLITE_CORRUPT || failure.primary() == SQLITE_NOTADB;
        return fail(is_damaged ? "box.damaged" : "box.io",
                    "the message box " + path + " cannot be opened: " + failure.what());
    } catch (const std::exception& failure) {
        return fail("box.io", "the message box " + path + " cannot be opened: " + failure.what());
    }
}

}  // namespace hawser::engine
