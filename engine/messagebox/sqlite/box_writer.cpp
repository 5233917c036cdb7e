#include "messagebox/sqlite/box_writer.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "base/uuid.hpp"
#include "message/codec.hpp"
#include "messagebox/sqlite/schema.hpp"

namespace hawser::engine::sqlite {
namespace {

constexpr std::int64_t key_kept_ms =
    std::int64_t{7} * 24 * 3600 * 1000;  // after the last delivery ended (design section 4)

constexpr const char* ready_of_port = "FROM delivery INDEXED BY delivery_ready WHERE port=?1 AND state=1 ";

// A resume state belongs to the transport that the delivery is on: through the other one, those that have the message
// would get it again. held_for=-1 says that it was resumed: no group is to hold it, nor its age.
constexpr const char* resume_with =
    "UPDATE delivery SET state=2, due=?2, attempt=0, is_on_backup=iif(length(ifnull(resume_state,''))>0, is_on_backup,"
    " 0), crash_count=0, held_for=-1, order_key=iif(?3, ifnull(order_key,''), order_key)";

std::int64_t code(row_state state) { return static_cast<std::int64_t>(state); }

commit_answer refuse(commit_status status, std::string text) { return {status, {}, std::move(text)}; }

commit_answer lost() {
    return refuse(commit_status::lost, "the claim is stale: the delivery was taken over or has ended");
}

}  // namespace

std::string select_claim(const char* index, const std::string& which) {
    return std::string(
               "SELECT d.id, d.unique_id, d.epoch, d.crash_count, d.attempt, d.total_attempts, d.is_on_backup,"
               " d.resume_state, d.resume_scope, d.overlay, m.sequence, m.message_id, m.published, m.delivery_count,"
               " m.context, m.parts, m.bodies, m.submission_key, d.priority, d.code, d.held_for=-1 FROM delivery d ") +
           index + " JOIN message m ON m.sequence=d.message WHERE " + which;
}

box_writer::box_writer(database& connection, box_health& health)
    : connection_(connection),
      health_(health),
      begin_(connection, "BEGIN IMMEDIATE"),
      commit_(connection, "COMMIT"),
      begin_savepoint_(connection, "SAVEPOINT batch"),
      end_savepoint_(connection, "RELEASE batch"),
      insert_message_(connection, "INSERT INTO message VALUES(?,?,?,?,?,?,?,?,?,?)"),
      insert_part_file_(connection, "INSERT INTO part_file VALUES(?,?,?)"),
      insert_delivery_(connection, "INSERT INTO delivery VALUES(?,?,?,?,?,?,?,0,0,0,0,0,NULL,NULL,NULL,NULL,NULL,?,?)"),
      find_key_(connection, "SELECT sha256, message_id FROM submission_key WHERE key=?"),
      insert_key_(connection, "INSERT INTO submission_key VALUES(?,?,?,NULL)"),
      insert_property_(connection, "INSERT INTO property_value VALUES(?,?,?)"),
      share_file_(connection, "INSERT INTO part_file SELECT ?1, ?2, file FROM part_file WHERE message=?3 AND part=?4"),
      read_bodies_(connection, "SELECT bodies FROM message WHERE sequence=?"),
      delete_delivery_(connection, "DELETE FROM delivery WHERE id=?"),
      delete_attempts_(connection, "DELETE FROM attempt WHERE delivery=?"),
      close_message_(connection, "UPDATE message SET open_count=open_count-1 WHERE sequence=?"),
      read_open_count_(connection, "SELECT open_count FROM message WHERE sequence=?"),
      delete_message_(connection, "DELETE FROM message WHERE sequence=?"),
      read_files_(connection,
                  "SELECT file FROM part_file own WHERE message=?1 AND NOT EXISTS"
                  " (SELECT 1 FROM part_file other WHERE other.file=own.file AND other.message<>?1)"),
      delete_files_(connection, "DELETE FROM part_file WHERE message=?"),
      expire_key_(
          connection,
          "UPDATE submission_key SET expires=?2 WHERE key=(SELECT submission_key FROM message WHERE sequence=?1)"),
      reschedule_(
          connection,
          "UPDATE delivery SET state=2, due=?2, attempt=?3, total_attempts=?4, is_on_backup=?5, resume_state=?6,"
          " resume_scope=?7, code=?8, text=?9, crash_count=0 WHERE id=?1"),
      release_(connection, "UPDATE delivery SET state=1 WHERE id=?"),
      release_later_(connection, "UPDATE delivery SET state=2, due=?2 WHERE id=?1"),
      suspend_(connection,
               "UPDATE delivery SET state=?2, attempt=?3, total_attempts=?4, is_on_backup=?5, resume_state=?6,"
               " resume_scope=?7, code=?8, text=?9 WHERE id=?1"),
      checkpoint_(connection, "UPDATE delivery SET resume_state=?2, resume_scope=?3 WHERE id=?1"),
      insert_attempt_(connection,
                      "INSERT INTO attempt VALUES(?1,(SELECT ifnull(max(number),0)+1 FROM attempt WHERE "
                      "delivery=?1),?2,?3,?4,?5,?6,?7,?8)"),
      insert_port_(connection, "INSERT INTO port(name) VALUES(?)"),
      find_port_(connection, "SELECT id FROM port WHERE name=?"),
      set_port_state_(connection, "UPDATE port SET state=?2, declared=?3 WHERE id=?1"),
      insert_group_(connection, "INSERT INTO port_group(name) VALUES(?)"),
      find_group_(connection, "SELECT id FROM port_group WHERE name=?"),
      set_group_state_(connection, "UPDATE port_group SET state=?2, declared=?3 WHERE id=?1"),
      promote_(connection,
               "UPDATE delivery SET state=1 WHERE id IN (SELECT id FROM delivery INDEXED BY delivery_later"
               " WHERE port=?1 AND state=2 AND due<=?2 ORDER BY due LIMIT ?3)"),
      find_earliest_due_(connection,
                         "SELECT min(due) FROM delivery INDEXED BY delivery_later WHERE port=? AND state=2"),
      select_ready_(connection, select_claim("INDEXED BY delivery_ready",
                                             "d.port=?1 AND d.state=1 ORDER BY d.priority, d.message LIMIT ?2")
                                    .c_str()),
      select_oldest_(connection, select_claim("INDEXED BY delivery_ready",
                                              "d.port=?1 AND d.state=1 AND d.priority=?2 AND d.message=?3 LIMIT 1")
                                     .c_str()),
      select_on_backup_(connection,
                        select_claim("INDEXED BY delivery_retrying",
                                     "d.port=?1 AND d.state<=2 AND d.state=1 AND d.total_attempts>0 AND"
                                     " d.is_on_backup=1 AND d.order_key IS NULL ORDER BY d.message LIMIT ?2")
                            .c_str()),
      has_one_priority_(connection, (std::string("SELECT (SELECT min(priority) ") + ready_of_port +
                                     ")=(SELECT max(priority) " + ready_of_port + ")")
                                        .c_str()),
      oldest_of_priority_(
          connection, (std::string("SELECT min(message) ") + ready_of_port + "AND priority=?2 AND message>?3").c_str()),
      activate_(connection, "UPDATE delivery SET state=3, epoch=?2 WHERE id=?1"),
      activate_ready_(connection, (std::string("UPDATE delivery SET state=3, epoch=epoch+1 WHERE id IN (SELECT id ") +
                                   ready_of_port + "AND (priority, message)<=(?2, ?3))")
                                      .c_str()),
      is_blocked_(connection,
                  "SELECT 1 FROM delivery WHERE port=?1 AND state=3 AND order_key=?2 UNION ALL"
                  " SELECT 1 FROM delivery INDEXED BY delivery_later WHERE port=?1 AND state=2 AND order_key=?2 AND"
                  " (total_attempts>0 OR message<(SELECT min(message) FROM delivery INDEXED BY delivery_ordered WHERE"
                  " port=?1 AND state=1 AND order_key IS NOT NULL AND order_key=?2)) UNION ALL"
                  " SELECT 1 FROM delivery WHERE ?3 AND port=?1 AND state>=4 AND state=4 AND order_key=?2 LIMIT 1"),
      is_any_in_order_(connection,
                       "SELECT 1 FROM delivery INDEXED BY delivery_ordered"
                       " WHERE port=?1 AND state=1 AND order_key IS NOT NULL LIMIT 1"),
      next_order_key_(connection,
                      "SELECT min(order_key) FROM delivery INDEXED BY delivery_ordered"
                      " WHERE port=?1 AND state=1 AND order_key IS NOT NULL AND order_key>?2"),
      select_ordered_(connection, select_claim("INDEXED BY delivery_ordered",
                                               "d.port=?1 AND d.state=1 AND d.order_key IS NOT NULL AND d.order_key=?2"
                                               " ORDER BY d.message LIMIT 1")
                                      .c_str()),
      give_order_key_(connection,
                      "UPDATE delivery SET order_key='' WHERE order_key IS NULL AND id IN ("
                      "SELECT id FROM delivery INDEXED BY delivery_held_by_port WHERE state=-1 AND port=?1 UNION ALL"
                      " SELECT id FROM delivery INDEXED BY delivery_ready WHERE state=1 AND port=?1 UNION ALL"
                      " SELECT id FROM delivery INDEXED BY delivery_later WHERE state=2 AND port=?1 UNION ALL"
                      " SELECT id FROM delivery INDEXED BY delivery_active WHERE state=3 AND port=?1)"),
      delete_properties_(connection, "DELETE FROM property_value WHERE message=?"),
      read_delivery_(connection,
                     "SELECT d.state, d.message, m.delivery_count, m.submission_key, d.port FROM delivery d"
                     " JOIN message m ON m.sequence=d.message WHERE d.id=?"),
      resume_(connection, (std::string(resume_with) + " WHERE id=?1").c_str()),
      resume_edited_(connection, (std::string(resume_with) + ", overlay=?4, unique_id=?5 WHERE id=?1").c_str()),
      reserve_numbers_(connection, "INSERT INTO counter VALUES('number',?1) ON CONFLICT(name) DO UPDATE SET value=?1") {
    number_ = connection.query_integer("SELECT value FROM counter WHERE name='number'");
    numbers_reserved_ = number_;
    has_indexed_ = connection.query_integer("SELECT EXISTS(SELECT 1 FROM property_value)") != 0;
    prepare_tracking();
}

void box_writer::begin() {
    changes_at_begin_ = sqlite3_total_changes64(connection_.handle());
    begin_.bind().run();
}

bool box_writer::has_changed_anything() const noexcept {
    return sqlite3_total_changes64(connection_.handle()) != changes_at_begin_;
}

// Over the partial indexes alone.
void box_writer::count_depth() {
    if (!is_depth_known_) {
        depth_ = connection_.query_integer(
            "SELECT (SELECT count(*) FROM delivery INDEXED BY delivery_ready WHERE state=1)"
            "+(SELECT count(*) FROM delivery INDEXED BY delivery_later WHERE state=2)"
            "+(SELECT count(*) FROM delivery INDEXED BY delivery_active WHERE state=3)"
            "+(SELECT count(*) FROM delivery INDEXED BY delivery_held WHERE state=-1)");
        committed_depth_ = depth_;
        is_depth_known_ = true;
    }
}

void box_writer::commit() {
    save_tracked_bytes();
    try {
        commit_.bind().run();
    } catch (const sqlite_error& failure) {
        // The WAL's index is written after the commit has been synced: it would come back after a crash.
        if (failure.primary() == SQLITE_NOMEM || failure.code() == SQLITE_IOERR_NOMEM ||
            failure.code() == SQLITE_IOERR_SHMSIZE || failure.code() == SQLITE_IOERR_SHMMAP) {
            end_process_unsynced(std::string("it may be committed, or not: ") + failure.what());
        }
        throw;
    }
    claims_.keep();
    tracked_bytes_saved_ = tracked_bytes_;
    committed_depth_ = depth_;
}

void box_writer::roll_back() noexcept {
    connection_.reset_statements();  // one that stopped half-way would keep its view of the database
    sqlite3_exec(connection_.handle(), "ROLLBACK", nullptr, nullptr,
                 nullptr);  // fails where SQLite rolled back by itself
    claims_.undo_to(0);
    removed_files_.clear();
    tracked_bytes_ = tracked_bytes_saved_;
    depth_ = committed_depth_;
    is_indexed_known_ = false;
    numbers_reserved_ = number_;  // the reservation may have been undone: reserve anew
    ports_.clear();
    groups_.clear();
    ordered_ports_.clear();
    earliest_due_.clear();
}

void box_writer::begin_savepoint() {
    savepoint_claims_ = claims_.mark();
    savepoint_files_ = removed_files_.size();
    savepoint_tracked_bytes_ = tracked_bytes_;
    savepoint_depth_ = depth_;
    begin_savepoint_.bind().run();
}

void box_writer::end_savepoint() { end_savepoint_.bind().run(); }

void box_writer::roll_back_savepoint() {
    connection_.execute("ROLLBACK TO batch; RELEASE batch");
    claims_.undo_to(savepoint_claims_);
    removed_files_.resize(savepoint_files_);
    tracked_bytes_ = savepoint_tracked_bytes_;
    depth_ = savepoint_depth_;
    is_indexed_known_ = false;
    numbers_reserved_ = number_;
    ports_.clear();
    groups_.clear();
    earliest_due_.clear();
}

// ---- Operations ----

commit_answer box_writer::apply(const operation& one) {
    return std::visit([this](const auto& which) { return apply_one(which); }, one);
}

void box_writer::add_history(delivery_id id, const attempt_record& record) {
    insert_attempt_
        .bind(id, static_cast<std::int64_t>(record.attempt), record.started_unix_ms, record.ended_unix_ms,
              record.transport, record.verdict, record.code, record.text)
        .run();
}

void box_writer::end_message(std::int64_t sequence, bool has_files, bool has_key) {
    if (has_files) {
        read_files_.bind(sequence);
        while (read_files_.step()) {
            removed_files_.push_back(read_files_.integer(0));
        }
        read_files_.reset();
        delete_files_.bind(sequence).run();
    }
    if (has_key) {
        expire_key(sequence);
    }
    if (has_indexed_) {
        delete_properties_.bind(sequence).run();
    }
    delete_message_.bind(sequence).run();
}

void box_writer::expire_key(std::int64_t sequence) {
    expire_key_.bind(sequence, system_clock().unix_ms() + key_kept_ms).run();
}

bool box_writer::close_message(std::int64_t sequence) {
    close_message_.bind(sequence).run();
    read_open_count_.bind(sequence);
    const bool is_last = read_open_count_.step() && read_open_count_.integer(0) == 0;
    read_open_count_.reset();
    return is_last;
}

// Where the parts are kept, the delivery's reference on its message goes over to what is tracked of it.
void box_writer::end_delivery(delivery_id id, const held_claim& held, const tracked_delivery* tracked) {
    delete_delivery_.bind(id).run();
    if (held.has_history && tracked == nullptr) {
        delete_attempts_.bind(id).run();
    }
    const bool keeps_message = tracked != nullptr && tracked->keeps_parts;
    if (!keeps_message && (held.delivery_count == 1 || close_message(held.sequence))) {
        end_message(held.sequence, held.has_files, held.has_key);
    } else if (has_tracked_) {
        note_last_delivery(held);
    }
}

commit_answer box_writer::apply_one(const complete_operation& one) {
    const held_claim* held = claims_.find(one.token);
    if (held == nullptr) {
        return lost();
    }
    if (one.tracked) {
        const bool is_delivered = one.record.verdict == "delivered";
        track(one.token.delivery, *one.tracked,
              {is_delivered ? tracked_outcome::delivered : tracked_outcome::failed, one.record.ended_unix_ms,
               static_cast<std::int64_t>(one.record.attempt), &one.record.code, &one.record.text});
        add_history(one.token.delivery, one.record);
    }
    end_delivery(one.token.delivery, *held, one.tracked ? &*one.tracked : nullptr);
    claims_.end(one.token.delivery);
    --depth_;
    return {};
}

commit_answer box_writer::apply_one(const reschedule_operation& one) {
    if (claims_.find(one.token) == nullptr) {
        return lost();
    }
    earliest_due_.clear();
    reschedule_
        .bind(one.token.delivery, one.due_unix_ms, static_cast<std::int64_t>(one.state.attempt),
              static_cast<std::int64_t>(one.state.total_attempts),
              static_cast<std::int64_t>(one.state.is_on_backup ? 1 : 0), statement::blob{one.state.resume_state},
              one.state.resume_scope, one.record.code, one.record.text)
        .run();
    add_history(one.token.delivery, one.record);
    claims_.end(one.token.delivery);
    return {};
}

commit_answer box_writer::apply_one(const release_operation& one) {
    if (claims_.find(one.token) == nullptr) {
        return lost();
    }
    if (one.due_unix_ms == 0) {
        release_.bind(one.token.delivery).run();
    } else {
        earliest_due_.clear();
        release_later_.bind(one.token.delivery, one.due_unix_ms).run();
    }
    claims_.end(one.token.delivery);
    return {};
}

commit_answer box_writer::apply_one(const suspend_operation& one) {
    if (claims_.find(one.token) == nullptr) {
        return lost();
    }
    suspend_
        .bind(one.token.delivery, code(one.is_resumable ? row_state::suspended : row_state::suspended_not_resumable),
              static_cast<std::int64_t>(one.state.attempt), static_cast<std::int64_t>(one.state.total_attempts),
              static_cast<std::int64_t>(one.state.is_on_backup ? 1 : 0), statement::blob{one.state.resume_state},
              one.state.resume_scope, one.code, one.text)
        .run();
    add_history(one.token.delivery, one.record);
    claims_.end(one.token.delivery);
    --depth_;
    return {};
}

commit_answer box_writer::apply_one(const checkpoint_operation& one) {
    if (claims_.find(one.token) == nullptr) {
        return lost();
    }
    checkpoint_.bind(one.token.delivery, statement::blob{one.resume_state}, one.resume_scope).run();
    return {};
}

// The owner's lock is the lease: a claim lasts as long as this process, unless it has ended.
commit_answer box_writer::apply_one(const renew_operation& one) {
    return claims_.find(one.token) == nullptr ? lost() : commit_answer{};
}

commit_answer box_writer::apply_one(const port_state_operation& one) {
    if (one.is_group) {
        set_group_state_.bind(group_id(one.port), one.state, one.declared).run();
    } else {
        set_port_state_.bind(port_id(one.port), one.state, one.declared).run();
    }
    return {};
}

commit_answer box_writer::apply_one(const resume_operation& one) {
    read_delivery_.bind(one.delivery);
    const bool exists = read_delivery_.step();
    const std::int64_t state = exists ? read_delivery_.integer(0) : 0;
    const bool is_in_order = exists && ordered_ports_.count(read_delivery_.integer(4)) > 0;
    read_delivery_.reset();
    if (!exists) {
        return refuse(commit_status::not_found, "there is no such delivery");
    }
    if (state == code(row_state::suspended_not_resumable)) {
        return refuse(commit_status::not_found,
                      "the delivery is suspended as not resumable: save it, terminate it, and submit it again");
    }
    if (state != code(row_state::suspended) && state != code(row_state::later) && state != code(row_state::held)) {
        return refuse(commit_status::not_found,
                      "the delivery is neither suspended nor held, and it does not wait for a retry");
    }
    earliest_due_.clear();
    if (one.overlay) {
        const std::string overlay = one.overlay->encode();
        resume_edited_.bind(one.delivery, one.due_unix_ms, is_in_order, statement::blob{overlay}, make_uuid()).run();
    } else {
        resume_.bind(one.delivery, one.due_unix_ms, is_in_order).run();
    }
    depth_ += state == code(row_state::suspended) ? 1 : 0;
    return {};
}

commit_answer box_writer::apply_one(const terminate_operation& one) {
    read_delivery_.bind(one.delivery);
    if (!read_delivery_.step()) {
        return refuse(commit_status::not_found, "there is no such delivery");
    }
    if (read_delivery_.integer(0) == code(row_state::active)) {
        read_delivery_.reset();
        return refuse(commit_status::not_found, "the delivery is being sent right now: wait for its outcome");
    }
    const bool has_waited = read_delivery_.integer(0) < code(row_state::suspended);
    held_claim ended;
    ended.sequence = read_delivery_.integer(1);
    ended.delivery_count = read_delivery_.integer(2);
    ended.has_key = !read_delivery_.is_null(3);
    ended.has_history = ended.has_files = true;
    read_delivery_.reset();
    if (one.tracked) {
        track(one.delivery, *one.tracked, {tracked_outcome::terminated, system_clock().unix_ms()});
    }
    end_delivery(one.delivery, ended, one.tracked ? &*one.tracked : nullptr);
    depth_ -= has_waited ? 1 : 0;
    return {};
}

void box_writer::give_back_numbers() noexcept {
    try {
        reserve_numbers_.bind(number_).run();
    } catch (const sqlite_error&) {
        // They stay reserved: the next delivery has a higher number than need be.
    }
}

}  // namespace hawser::engine::sqlite
