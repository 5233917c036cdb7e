#include "messagebox/sqlite/write_statements.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "message/codec.hpp"
#include "messagebox/sqlite/schema.hpp"

namespace hawser::engine::sqlite {
namespace {

constexpr std::int64_t number_block = 10000;  // reserved at once: a delivery's number never comes twice
constexpr std::int64_t key_kept_ms =
    std::int64_t{7} * 24 * 3600 * 1000;  // after the last delivery ended (design section 4)

std::int64_t code(row_state state) { return static_cast<std::int64_t>(state); }

std::string encode_bodies(const std::vector<new_part>& parts) {
    byte_encoder out;
    for (const new_part& part : parts) {
        const std::string* bytes = std::get_if<std::string>(&part.body);
        out.u8(bytes != nullptr ? 1 : 0);
        out.text(bytes != nullptr ? std::string_view(*bytes) : std::string_view{});
    }
    return out.take();
}

std::vector<std::optional<std::string>> decode_bodies(std::string_view bytes, std::size_t count) {
    byte_decoder in(bytes);
    std::vector<std::optional<std::string>> bodies;
    for (std::size_t i = 0; i < count; ++i) {
        const bool is_inline = in.u8() != 0;
        const std::string_view text = in.text();
        bodies.push_back(is_inline ? std::optional<std::string>(text) : std::nullopt);
    }
    if (!in.is_at_end()) {
        throw sqlite_error(SQLITE_CORRUPT, "a stored body list cannot be read");
    }
    return bodies;
}

commit_answer refuse(commit_status status, std::string text) { return {status, {}, std::move(text)}; }

commit_answer lost() {
    return refuse(commit_status::lost, "the claim is stale: the delivery was taken over or has ended");
}

}  // namespace

box_writer::box_writer(database& connection)
    : connection_(connection),
      insert_message_(connection, "INSERT INTO message VALUES(?,?,?,?,?,?,?,?,?,?)"),
      insert_part_file_(connection, "INSERT INTO part_file VALUES(?,?,?)"),
      insert_delivery_(connection, "INSERT INTO delivery VALUES(?,?,?,?,?,?,?,0,0,0,0,0,NULL,NULL,NULL,NULL,NULL)"),
      find_key_(connection, "SELECT sha256, message_id FROM submission_key WHERE key=?"),
      insert_key_(connection, "INSERT INTO submission_key VALUES(?,?,?,NULL)"),
      delete_delivery_(connection, "DELETE FROM delivery WHERE id=?"),
      delete_attempts_(connection, "DELETE FROM attempt WHERE delivery=?"),
      close_message_(connection, "UPDATE message SET open_count=open_count-1 WHERE sequence=?"),
      read_open_count_(connection, "SELECT open_count FROM message WHERE sequence=?"),
      delete_message_(connection, "DELETE FROM message WHERE sequence=?"),
      read_files_(connection, "SELECT file FROM part_file WHERE message=?"),
      delete_files_(connection, "DELETE FROM part_file WHERE message=?"),
      expire_key_(
          connection,
          "UPDATE submission_key SET expires=?2 WHERE key=(SELECT submission_key FROM message WHERE sequence=?1)"),
      reschedule_(
          connection,
          "UPDATE delivery SET state=2, due=?2, attempt=?3, total_attempts=?4, is_on_backup=?5, resume_state=?6,"
          " resume_scope=?7, code=?8, text=?9, crash_count=0 WHERE id=?1"),
      release_(connection, "UPDATE delivery SET state=1 WHERE id=?"),
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
      promote_(connection, "UPDATE delivery SET state=1 WHERE port=?1 AND state=2 AND due<=?2"),
      select_ready_(
          connection,
          "SELECT d.id, d.unique_id, d.epoch, d.crash_count, d.attempt, d.total_attempts, d.is_on_backup,"
          " d.resume_state, d.resume_scope, d.overlay, m.sequence, m.message_id, m.published, m.delivery_count,"
          " m.context, m.parts, m.bodies, m.submission_key FROM delivery d INDEXED BY delivery_ready"
          " JOIN message m ON m.sequence=d.message WHERE d.port=?1 AND d.state=1 ORDER BY d.priority, d.message LIMIT "
          "?2"),
      activate_(connection, "UPDATE delivery SET state=3, epoch=?2 WHERE id=?1"),
      has_active_(connection, "SELECT 1 FROM delivery WHERE port=? AND state=3 LIMIT 1"),
      has_blocking_(connection,
                    "SELECT 1 FROM delivery WHERE port=?1 AND (state=2 AND total_attempts>0 OR state=4) LIMIT 1"),
      read_delivery_(connection,
                     "SELECT d.state, d.message, m.delivery_count, m.submission_key, d.port FROM delivery d"
                     " JOIN message m ON m.sequence=d.message WHERE d.id=?"),
      resume_(connection, "UPDATE delivery SET state=2, due=?2, attempt=0, is_on_backup=0, crash_count=0 WHERE id=?1"),
      resume_edited_(connection,
                     "UPDATE delivery SET state=2, due=?2, attempt=0, is_on_backup=0, crash_count=0, overlay=?3,"
                     " unique_id=?4 WHERE id=?1"),
      reserve_numbers_(connection, "INSERT INTO counter VALUES('number',?1) ON CONFLICT(name) DO UPDATE SET value=?1") {
    number_ = connection.query_integer("SELECT value FROM counter WHERE name='number'");
    numbers_reserved_ = number_;
}

void box_writer::begin() { connection_.execute("BEGIN IMMEDIATE"); }

void box_writer::commit() {
    connection_.execute("COMMIT");
    for (const delivery_id id : std::exchange(released_, {})) {
        claims_.erase(id);
    }
}

void box_writer::roll_back() noexcept {
    sqlite3_exec(connection_.handle(), "ROLLBACK", nullptr, nullptr,
                 nullptr);  // fails where SQLite rolled back by itself
    for (const delivery_id id : std::exchange(released_, {})) {
        claims_[id].is_ended = false;
    }
    removed_files_.clear();
    numbers_reserved_ = number_;  // the reservation may have been undone: reserve anew
    ports_.clear();
}

void box_writer::begin_savepoint() {
    savepoint_released_ = released_.size();
    savepoint_files_ = removed_files_.size();
    connection_.execute("SAVEPOINT batch");
}

void box_writer::end_savepoint() { connection_.execute("RELEASE batch"); }

void box_writer::roll_back_savepoint() {
    connection_.execute("ROLLBACK TO batch; RELEASE batch");
    while (released_.size() > savepoint_released_) {
        claims_[released_.back()].is_ended = false;
        released_.pop_back();
    }
    removed_files_.resize(savepoint_files_);
    numbers_reserved_ = number_;
    ports_.clear();
}

std::int64_t box_writer::next_number() {
    if (number_ >= numbers_reserved_) {
        reserve_numbers_.bind(number_ + number_block).run();
        numbers_reserved_ = number_ + number_block;
    }
    return ++number_;
}

std::int64_t box_writer::port_id(const std::string& name) {
    if (const auto known = ports_.find(name); known != ports_.end()) {
        return known->second;
    }
    find_port_.bind(name);
    std::int64_t id = find_port_.step() ? find_port_.integer(0) : 0;
    find_port_.reset();
    if (id == 0) {
        insert_port_.bind(name).run();
        id = sqlite3_last_insert_rowid(connection_.handle());
    }
    ports_[name] = id;
    return id;
}

// ---- Crashes ----

void box_writer::recover_crashed(std::int64_t now_unix_ms) {
    begin();
    statement active(connection_, "SELECT id, total_attempts FROM delivery WHERE state=3");
    std::vector<std::pair<delivery_id, std::int64_t>> in_flight;
    active.bind();
    while (active.step()) {
        in_flight.emplace_back(active.integer(0), active.integer(1));
    }
    active.reset();
    for (const auto& [id, total_attempts] : in_flight) {
        add_history(id, {static_cast<std::uint32_t>(total_attempts + 1), now_unix_ms, now_unix_ms, "", "crashed",
                         "host.died", "the host ended while this was being sent; it may have arrived"});
    }
    connection_.execute(
        "UPDATE delivery SET state=1, crash_count=crash_count+1, total_attempts=total_attempts+1,"
        " code='host.died', text='the host ended while this was being sent; it may have arrived' WHERE state=3");
    commit();
}

// ---- Operations ----

commit_answer box_writer::apply(const operation& one) {
    return std::visit([this](const auto& which) { return apply_one(which); }, one);
}

commit_answer box_writer::apply_one(const publish_operation& one) {
    const publication& message = one.message;
    if (message.deliveries.empty() || message.parts.empty()) {
        return refuse(commit_status::not_found, "a publication needs a part and a subscriber");
    }
    if (!message.key.empty()) {
        find_key_.bind(message.key);
        if (find_key_.step()) {
            const bool is_same = find_key_.text(0) == message.content_sha256;
            commit_answer answer{is_same ? commit_status::already_published : commit_status::key_conflict,
                                 std::string(find_key_.text(1)),
                                 is_same
                                     ? ""
                                     : "the key \"" + message.key +
                                           "\" was used for other content: use a new key, or submit the same content"};
            find_key_.reset();
            return answer;
        }
        find_key_.reset();
        insert_key_.bind(message.key, statement::blob{message.content_sha256}, message.message_id).run();
    }
    const std::int64_t sequence = next_number();
    std::vector<part_info> infos;
    std::uint64_t size = 0;
    for (std::size_t i = 0; i < message.parts.size(); ++i) {
        infos.push_back(message.parts[i].info);
        size += infos.back().size;
        if (const auto* staged = std::get_if<staged_body>(&message.parts[i].body)) {
            insert_part_file_.bind(sequence, static_cast<std::int64_t>(i), staged->id).run();
        }
    }
    const std::string context = message.context.encode();
    const std::string parts = encode_parts(infos);
    const std::string bodies = encode_bodies(message.parts);
    const auto count = static_cast<std::int64_t>(message.deliveries.size());
    if (message.key.empty()) {
        insert_message_
            .bind(sequence, message.message_id, statement::null{}, message.published_unix_ms, count, count,
                  static_cast<std::int64_t>(size), statement::blob{context}, statement::blob{parts},
                  statement::blob{bodies})
            .run();
    } else {
        insert_message_
            .bind(sequence, message.message_id, message.key, message.published_unix_ms, count, count,
                  static_cast<std::int64_t>(size), statement::blob{context}, statement::blob{parts},
                  statement::blob{bodies})
            .run();
    }
    for (const new_delivery& delivery : message.deliveries) {
        const bool is_later = delivery.due_unix_ms > message.published_unix_ms;
        insert_delivery_
            .bind(next_number(), sequence, port_id(delivery.port), make_uuid(),
                  code(is_later ? row_state::later : row_state::ready),
                  static_cast<std::int64_t>(delivery.is_ordered ? 5 : delivery.priority), delivery.due_unix_ms)
            .run();
    }
    return {};
}

box_writer::held_claim* box_writer::find_claim(const claim_token& token) {
    const auto found = claims_.find(token.delivery);
    return found == claims_.end() || found->second.epoch != token.epoch || found->second.is_ended ? nullptr
                                                                                                  : &found->second;
}

void box_writer::release(const claim_token& token) {
    claims_[token.delivery].is_ended = true;
    released_.push_back(token.delivery);
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
        expire_key_.bind(sequence, system_clock().unix_ms() + key_kept_ms).run();
    }
    delete_message_.bind(sequence).run();
}

void box_writer::end_delivery(delivery_id id, const held_claim& held) {
    delete_delivery_.bind(id).run();
    if (held.has_history) {
        delete_attempts_.bind(id).run();
    }
    if (held.delivery_count > 1) {
        close_message_.bind(held.sequence).run();
        read_open_count_.bind(held.sequence);
        const bool is_last = read_open_count_.step() && read_open_count_.integer(0) == 0;
        read_open_count_.reset();
        if (!is_last) {
            return;
        }
    }
    end_message(held.sequence, held.has_files, held.has_key);
}

commit_answer box_writer::apply_one(const complete_operation& one) {
    held_claim* held = find_claim(one.token);
    if (held == nullptr) {
        return lost();
    }
    end_delivery(one.token.delivery, *held);
    release(one.token);
    return {};
}

commit_answer box_writer::apply_one(const reschedule_operation& one) {
    if (find_claim(one.token) == nullptr) {
        return lost();
    }
    reschedule_
        .bind(one.token.delivery, one.due_unix_ms, static_cast<std::int64_t>(one.state.attempt),
              static_cast<std::int64_t>(one.state.total_attempts),
              static_cast<std::int64_t>(one.state.is_on_backup ? 1 : 0), statement::blob{one.state.resume_state},
              one.state.resume_scope, one.record.code, one.record.text)
        .run();
    add_history(one.token.delivery, one.record);
    release(one.token);
    return {};
}

commit_answer box_writer::apply_one(const release_operation& one) {
    if (find_claim(one.token) == nullptr) {
        return lost();
    }
    release_.bind(one.token.delivery).run();
    release(one.token);
    return {};
}

commit_answer box_writer::apply_one(const suspend_operation& one) {
    if (find_claim(one.token) == nullptr) {
        return lost();
    }
    suspend_
        .bind(one.token.delivery, code(one.is_resumable ? row_state::suspended : row_state::suspended_not_resumable),
              static_cast<std::int64_t>(one.state.attempt), static_cast<std::int64_t>(one.state.total_attempts),
              static_cast<std::int64_t>(one.state.is_on_backup ? 1 : 0), statement::blob{one.state.resume_state},
              one.state.resume_scope, one.code, one.text)
        .run();
    add_history(one.token.delivery, one.record);
    release(one.token);
    return {};
}

commit_answer box_writer::apply_one(const checkpoint_operation& one) {
    if (find_claim(one.token) == nullptr) {
        return lost();
    }
    checkpoint_.bind(one.token.delivery, statement::blob{one.resume_state}, one.resume_scope).run();
    return {};
}

commit_answer box_writer::apply_one(const port_state_operation& one) {
    set_port_state_.bind(port_id(one.port), one.state, one.declared).run();
    return {};
}

commit_answer box_writer::apply_one(const resume_operation& one) {
    read_delivery_.bind(one.delivery);
    const bool exists = read_delivery_.step();
    const std::int64_t state = exists ? read_delivery_.integer(0) : 0;
    read_delivery_.reset();
    if (!exists) {
        return refuse(commit_status::not_found, "there is no such delivery");
    }
    if (state == code(row_state::suspended_not_resumable)) {
        return refuse(commit_status::not_found,
                      "the delivery is suspended as not resumable: save it, terminate it, and submit it again");
    }
    if (state != code(row_state::suspended) && state != code(row_state::later)) {
        return refuse(commit_status::not_found, "the delivery is neither suspended nor waiting for a retry");
    }
    if (one.overlay) {
        const std::string overlay = one.overlay->encode();
        resume_edited_.bind(one.delivery, one.due_unix_ms, statement::blob{overlay}, make_uuid()).run();
    } else {
        resume_.bind(one.delivery, one.due_unix_ms).run();
    }
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
    held_claim ended;
    ended.sequence = read_delivery_.integer(1);
    ended.delivery_count = read_delivery_.integer(2);
    ended.has_key = !read_delivery_.is_null(3);
    ended.has_history = ended.has_files = true;
    read_delivery_.reset();
    end_delivery(one.delivery, ended);
    return {};
}

// ---- Claims ----

bool box_writer::is_blocked(std::int64_t port) {
    has_active_.bind(port);
    bool blocked = has_active_.step();
    has_active_.reset();
    if (!blocked) {
        has_blocking_.bind(port);
        blocked = has_blocking_.step();
        has_blocking_.reset();
    }
    return blocked;
}

claimed_delivery box_writer::read_claim(statement& row, const std::string& port) {
    claimed_delivery claim;
    claim.token.delivery = row.integer(0);
    claim.token.epoch = static_cast<std::uint64_t>(row.integer(2)) + 1;
    claim.port = port;
    claim.unique_id = row.text(1);
    claim.crash_count = static_cast<std::uint32_t>(row.integer(3));
    claim.state = {static_cast<std::uint32_t>(row.integer(4)), static_cast<std::uint32_t>(row.integer(5)),
                   row.integer(6) != 0, std::string(row.text(7)), std::string(row.text(8))};
    claim.sequence = row.integer(10);
    claim.message_id = row.text(11);
    claim.published_unix_ms = row.integer(12);
    auto context = message_context::decode(row.is_null(9) ? row.text(14) : row.text(9));
    auto parts = decode_parts(row.text(15));
    if (!context || !parts) {
        throw sqlite_error(SQLITE_CORRUPT, (context ? parts.error() : context.error()).text);
    }
    claim.context = std::move(context).value();
    claim.parts = std::move(parts).value();
    claim.inline_bodies = decode_bodies(row.text(16), claim.parts.size());
    held_claim held;
    held.epoch = claim.token.epoch;
    held.sequence = claim.sequence;
    held.delivery_count = row.integer(13);
    held.has_history = claim.state.total_attempts > 0 || claim.crash_count > 0;
    held.has_files =
        std::any_of(claim.inline_bodies.begin(), claim.inline_bodies.end(), [](const auto& body) { return !body; });
    held.has_key = !row.is_null(17);
    claims_[claim.token.delivery] = held;
    return claim;
}

void box_writer::claim_port(const port_claim& wanted, std::int64_t now_unix_ms, std::vector<claimed_delivery>& out) {
    const std::int64_t port = port_id(wanted.port);
    promote_.bind(port, now_unix_ms).run();
    if (wanted.is_ordered && is_blocked(port)) {
        return;
    }
    const std::size_t first = out.size();
    select_ready_.bind(port, static_cast<std::int64_t>(wanted.is_ordered ? 1 : wanted.count_max));
    while (select_ready_.step()) {
        out.push_back(read_claim(select_ready_, wanted.port));
    }
    select_ready_.reset();
    for (std::size_t i = first; i < out.size(); ++i) {
        activate_.bind(out[i].token.delivery, static_cast<std::int64_t>(out[i].token.epoch)).run();
    }
}

std::vector<claimed_delivery> box_writer::claim(const std::vector<port_claim>& wanted, std::int64_t now_unix_ms) {
    std::vector<claimed_delivery> out;
    for (const port_claim& one : wanted) {
        claim_port(one, now_unix_ms, out);
    }
    return out;
}

void box_writer::give_back_numbers() noexcept {
    try {
        reserve_numbers_.bind(number_).run();
    } catch (const sqlite_error&) {
        // They stay reserved: the next delivery has a higher number than need be.
    }
}

void box_writer::prune_keys(std::int64_t now_unix_ms) {
    statement prune(
        connection_,
        "DELETE FROM submission_key WHERE key IN (SELECT key FROM submission_key WHERE expires<? LIMIT 1000)");
    prune.bind(now_unix_ms).run();
}

}  // namespace hawser::engine::sqlite
