// The SQLite store: one writer thread that gathers whatever is queued into one transaction, a maintenance thread that
// checkpoints and removes files, and a few read connections. See message_box.hpp for the contract.
#include <fcntl.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <limits>
#include <mutex>
#include <system_error>
#include <thread>

#include "base/clock.hpp"
#include "base/descriptor.hpp"
#include "base/durable_folder.hpp"
#include "base/log.hpp"
#include "messagebox/message_box.hpp"
#include "messagebox/sqlite/body_files.hpp"
#include "messagebox/sqlite/box_health.hpp"
#include "messagebox/sqlite/box_reader.hpp"
#include "messagebox/sqlite/box_writer.hpp"
#include "messagebox/sqlite/checkpoint_pacer.hpp"
#include "messagebox/sqlite/database.hpp"
#include "messagebox/sqlite/group_writer.hpp"
#include "messagebox/sqlite/lost_box.hpp"
#include "messagebox/sqlite/owner_lock.hpp"
#include "messagebox/sqlite/prune_schedule.hpp"
#include "messagebox/sqlite/publication_gate.hpp"
#include "messagebox/sqlite/request_queue.hpp"
#include "messagebox/sqlite/schema.hpp"

namespace hawser::engine::sqlite {
namespace {

constexpr std::int64_t wal_pages_min = 1000;  // 4 MB
constexpr std::int64_t page_size = 4096;
constexpr std::int64_t look_again_ms = 1000;    // where the store could not be read
constexpr std::int64_t quiet_ms = 1000;         // nothing was written for so long: the file may shrink …
constexpr int shrink_pages = 1000;              // … by 4 MB at a time …
constexpr int small_shrink_pages = 200;         // while the disk is full
constexpr std::int64_t free_pages_kept = 1000;  // … and keeps as much for what comes next

class message_box_impl final : public message_box {
public:
    message_box_impl(std::string path, owner_lock lock, database connection)
        : lock_(std::move(lock)),
          connection_(std::move(connection)),
          gate_(path, [this] { wake_maintenance(); }),
          writer_(connection_, health_),
          group_writer_(writer_, gate_, health_),
          files_(path + ".bodies", gate_),
          reader_(path, files_),
          checkpoint_connection_(path, false) {
        // A connection that has not read yet does not know of the WAL, and its checkpoints do nothing.
        checkpoint_connection_.query_integer("SELECT count(*) FROM sqlite_schema");
        files_.remove_all_but(reader_.known_files());
        writer_.recover_crashed(system_clock().unix_ms());
        sqlite3_wal_hook(connection_.handle(), &message_box_impl::on_wal, this);
        start_threads();
    }
    ~message_box_impl() override {
        stop_threads();
        writer_.give_back_numbers();
    }

    void commit(std::vector<operation> batch, std::function<void(const commit_answer&)> answer) override {
        enqueue(make_request(batch, answer));
    }
    bool try_commit(std::vector<operation>& batch, std::function<void(const commit_answer&)>& answer,
                    room_line line) override {
        request one = make_request(batch, answer);
        if (is_own_thread()) {
            queue_.push_at_once(std::move(one));
        } else if (!queue_.try_push(one, line)) {
            batch = std::move(one.batch);
            answer = std::move(one.answer);
            return false;
        }
        return true;
    }
    void wait_for_room(const std::vector<operation>& batch) override {
        if (is_publication(batch)) {
            queue_.wait_for_room(memory_of_batch(batch));
        }
    }
    void claim(std::vector<port_claim> wanted, std::int64_t now_unix_ms,
               std::function<void(result<std::vector<claimed_delivery>>)> answer) override {
        request one;
        one.wanted = std::move(wanted);
        one.now_unix_ms = now_unix_ms;
        one.claimed = std::move(answer);
        enqueue(std::move(one));
    }
    std::int64_t lease_ms() const noexcept override { return 0; }
    void on_due(std::function<void(const std::string&)>) override {}  // nobody else can have done anything
    std::optional<std::int64_t> next_due(const std::vector<std::string>& ports) override {
        try {
            return reader_.next_due(ports);
        } catch (const sqlite_error& failure) {
            log::warning("the message box cannot say what is due; it is asked again", {{"error", failure.what()}});
            return system_clock().unix_ms() + look_again_ms;
        }
    }
    std::unique_ptr<body_stager> stage_body() override { return files_.stage(); }
    void discard_body(const staged_body& body) noexcept override { files_.remove(body.id); }
    std::unique_ptr<body_reader> open_body(std::int64_t sequence, std::size_t part_index) override {
        return reader_.open_body(sequence, part_index);
    }
    std::unique_ptr<body_reader> open_tracked_body(delivery_id id) override { return reader_.open_tracked_body(id); }
    void set_retention(const tracking_retention& limits) override {
        {
            const std::lock_guard lock(settings_mutex_);
            retention_ = limits;
            is_retention_new_ = true;
        }
        queue_.wake();
    }
    void set_limits(const box_limits& limits) override { gate_.set_limits(limits); }
    std::vector<std::string> warnings() override {
        std::vector<std::string> all = gate_.warnings();
        const std::vector<std::string> more = health_.warnings();
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }
    std::vector<delivery_summary> list(const delivery_filter& filter) override { return reader_.list(filter); }
    std::optional<delivery_detail> show(delivery_id id) override { return reader_.show(id); }
    std::vector<port_counts> counts() override { return reader_.counts(); }
    std::vector<held_count> held_counts() override { return reader_.held_counts(); }
    std::vector<port_state_record> port_states() override { return reader_.port_states(); }

private:
    static request make_request(std::vector<operation>& batch, std::function<void(const commit_answer&)>& answer) {
        request one;
        one.is_publication = is_publication(batch);
        one.sees_all_before = sees_all_before(batch);
        one.size = one.is_publication ? memory_of_batch(batch) : 0;
        one.batch = std::move(batch);
        one.answer = std::move(answer);
        return one;
    }
    void start_threads() {
        try {
            writer_thread_ = std::thread([this] { run_writer(); });
            maintenance_thread_ = std::thread([this] { run_maintenance(); });
        } catch (const std::system_error& failure) {
            stop_threads();
            throw std::system_error(failure.code(), "a thread could not be made");
        }
    }
    void stop_threads() {
        queue_.close();
        if (writer_thread_.joinable()) {
            writer_thread_.join();
        }
        {
            const std::lock_guard lock(maintenance_mutex_);
            is_maintenance_stopping_ = true;
        }
        maintenance_wake_.notify_all();
        if (maintenance_thread_.joinable()) {
            maintenance_thread_.join();
        }
    }
    bool is_own_thread() const noexcept { return std::this_thread::get_id() == writer_thread_.get_id(); }
    void enqueue(request one) {
        if (is_own_thread()) {
            queue_.push_at_once(std::move(one));
        } else {
            queue_.push(std::move(one));
        }
    }

    void run_writer() {
        while (queue_.wait(pruning_.wait_ms(system_clock().monotonic_ms()))) {
            const tracking_retention limits = current_retention();
            std::vector<request> group = queue_.take_group();
            if (!group.empty()) {
                write(group);
                written_ms_ = system_clock().monotonic_ms();
            }
            prune_if_due(limits);
            pace_checkpoints();
            if (gate_.is_disk_full()) {
                give_back_space();
            }
        }
    }

    // What was delivered left free pages in the database's file, which the disk needs more.
    void give_back_space() {
        try {
            writer_.shrink(0, small_shrink_pages);
        } catch (const sqlite_error& failure) {
            give_up_on_sync_failure(failure);  // else there is not even room for that: when there is, it is done
        }
    }

    tracking_retention current_retention() {
        const std::lock_guard lock(settings_mutex_);
        if (std::exchange(is_retention_new_, false)) {
            pruning_.hurry();
        }
        return retention_;
    }

    void write(std::vector<request>& group) {
        if (gate_.limits_depth()) {
            count_depth();
        }
        group_writer_.write(group);
        remove_files(group_writer_.take_removed_files());
        for (request& one : group) {
            answer(one);
        }
        queue_.release(group);
    }

    void count_depth() {
        try {
            writer_.count_depth();
        } catch (const sqlite_error& failure) {
            health_.note_write_failed(explain(failure));  // not counted, not limited: it is tried with the next group
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
        return queue_.is_empty()             ? writer_load::idle
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

    // ---- Checkpoints (see checkpoint_pacer.hpp) ----

    static int on_wal(void* self, sqlite3*, const char*, int pages) {
        static_cast<message_box_impl*>(self)->wal_pages_ = pages;
        return SQLITE_OK;
    }

    void pace_checkpoints() {
        checkpoint_pacer::step step = pacer_.after_commit(wal_pages_);
        if (step == checkpoint_pacer::step::wait_for_beside) {
            std::unique_lock lock(maintenance_mutex_);
            checkpoint_ended_.wait(lock, [this] { return !is_checkpoint_wanted_; });
            lock.unlock();
            step = pacer_.after_commit(wal_pages_);
        }
        if (step == checkpoint_pacer::step::begin_beside) {
            const std::lock_guard lock(maintenance_mutex_);
            is_checkpoint_wanted_ = true;
            maintenance_wake_.notify_one();
        } else if (step == checkpoint_pacer::step::finish) {
            checkpoint(connection_, SQLITE_CHECKPOINT_PASSIVE);
            pacer_.has_finished(wal_pages_);
        }
    }

    // ---- Maintenance: checkpoints on their own connection, and files of messages that are gone ----

    void remove_files(std::vector<std::int64_t> files) {
        if (files.empty()) {
            return;
        }
        const std::lock_guard lock(maintenance_mutex_);
        removed_files_.insert(removed_files_.end(), files.begin(), files.end());
        maintenance_wake_.notify_one();
    }

    void wake_maintenance() {
        const std::lock_guard lock(maintenance_mutex_);  // so that it is not told between its look and its sleep
        maintenance_wake_.notify_one();
    }

    void run_maintenance() {
        gate_.look_for_room();
        std::unique_lock lock(maintenance_mutex_);
        while (true) {
            const auto has_work = [this] {
                return is_maintenance_stopping_ || is_checkpoint_wanted_ || !removed_files_.empty();
            };
            if (gate_.is_disk_full()) {
                maintenance_wake_.wait_for(lock, std::chrono::milliseconds(gate_.look_interval_ms), has_work);
            } else if (gate_.lacks_reserve()) {
                maintenance_wake_.wait_for(lock, std::chrono::milliseconds(gate_.reserve_interval_ms), has_work);
            } else {
                maintenance_wake_.wait(lock, [&] { return has_work() || gate_.is_disk_full(); });
            }
            if (is_maintenance_stopping_ && removed_files_.empty()) {
                return;
            }
            const bool is_checkpoint_wanted = is_checkpoint_wanted_;
            const std::vector<std::int64_t> files = std::exchange(removed_files_, {});
            lock.unlock();
            for (const std::int64_t id : files) {
                files_.remove(id);
            }
            if (gate_.is_disk_full()) {
                make_room();
            } else {
                if (is_checkpoint_wanted) {
                    checkpoint(checkpoint_connection_, SQLITE_CHECKPOINT_PASSIVE);
                }
                if (gate_.lacks_reserve()) {
                    gate_.look_for_room();
                }
            }
            lock.lock();
            if (is_checkpoint_wanted) {
                pacer_.has_moved_beside();
                is_checkpoint_wanted_ = false;
                checkpoint_ended_.notify_all();
            }
        }
    }

    // What the WAL has goes into the database, so that results find room in the WAL anew.
    void make_room() {
        checkpoint(checkpoint_connection_, SQLITE_CHECKPOINT_RESTART);
        gate_.look_for_room();
        queue_.wake();
    }

    void checkpoint(const database& connection, int mode) {
        sqlite3* handle = connection.handle();
        const int code = sqlite3_wal_checkpoint_v2(handle, nullptr, mode, nullptr, nullptr);
        if (code == SQLITE_OK || code == SQLITE_BUSY) {
            is_checkpoint_failing_ = false;
            return;
        }
        const sqlite_error failure(sqlite3_extended_errcode(handle), sqlite3_errmsg(handle));
        give_up_on_sync_failure(failure);
        if (failure.primary() == SQLITE_FULL) {
            gate_.note_disk_full();
        } else if (!is_checkpoint_failing_.exchange(true)) {
            log::warning("the message box could not be checkpointed; it is tried again", {{"error", failure.what()}});
        }
    }

    owner_lock lock_;  // first in, last out
    database connection_;
    publication_gate gate_;
    box_health health_;
    box_writer writer_;
    group_writer group_writer_;
    body_files files_;
    box_reader reader_;
    database checkpoint_connection_;

    request_queue queue_;
    std::mutex settings_mutex_;
    tracking_retention retention_{std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::max()};
    bool is_retention_new_ = false;
    prune_schedule pruning_{system_clock().monotonic_ms()};  // the writer's own
    std::int64_t written_ms_ = 0;                            // when the writer was last asked to write
    int wal_pages_ = 0;                                      // after its last commit
    // The WAL never outgrows the reserve: what the reserve gives up has to be enough to bring it into the database.
    checkpoint_pacer pacer_{static_cast<int>(std::max(wal_pages_min, gate_.reserve_size() / page_size))};
    std::thread writer_thread_;

    std::mutex maintenance_mutex_;
    std::condition_variable maintenance_wake_;
    std::vector<std::int64_t> removed_files_;
    bool is_checkpoint_wanted_ = false;
    std::condition_variable checkpoint_ended_;
    bool is_maintenance_stopping_ = false;
    std::atomic<bool> is_checkpoint_failing_{false};
    std::thread maintenance_thread_;
};

}  // namespace
}  // namespace hawser::engine::sqlite

namespace hawser::engine {

namespace {

// Each connection would begin with 87 KiB of memory for pages, of which an idle host has three. For the whole process;
// it does nothing where SQLite is in use already.
void have_no_page_memory_ahead() {
    static const int done = sqlite3_config(SQLITE_CONFIG_PAGECACHE, nullptr, 0, 0);
    (void)done;
}

// For its owner alone, and with it the -wal and -shm beside it, to which SQLite gives the database's mode. False: it is
// there already, or SQLite will say why it cannot be made.
bool make_database_file(const std::string& path) {
    return descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)).is_open();
}

}  // namespace

result<std::unique_ptr<message_box>> open_sqlite_message_box(const std::string& path, std::int64_t lock_wait_ms) {
    try {
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
        sqlite::database connection(path, false);
        if (result<void> prepared = sqlite::prepare_schema(connection, path); !prepared) {
            return unexpected{std::move(prepared).error()};
        }
        if (is_new) {
            sync_names(folder);
        }
        return std::unique_ptr<message_box>(
            std::make_unique<sqlite::message_box_impl>(path, std::move(*lock), std::move(connection)));
    } catch (const sqlite::sqlite_error& failure) {
        return fail(failure.is_damage() ? "box.damaged" : "box.io",
                    "the message box " + path + " cannot be opened: " + failure.what());
    } catch (const std::exception& failure) {
        return fail("box.io", "the message box " + path + " cannot be opened: " + failure.what());
    }
}

}  // namespace hawser::engine
