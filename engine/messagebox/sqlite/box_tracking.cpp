// What is kept of deliveries that have ended, and how the oldest of it goes. The total of its bytes is kept in step
// with the rows, so that nobody ever has to add them up: a row has its contexts and its body after the pipeline, a
// message its parts and context from the moment when nothing but tracking holds it.
#include "messagebox/sqlite/box_writer.hpp"
#include "messagebox/sqlite/schema.hpp"

namespace hawser::engine::sqlite {
namespace {

// One piece of pruning: short enough that a commit which comes meanwhile hardly waits.
constexpr std::int64_t piece_rows_max = 200;
constexpr std::int64_t piece_bytes_max = 4 * 1024 * 1024;
constexpr std::int64_t piece_keys_max = 500;

}  // namespace

void box_writer::prepare_tracking() {
    track_ = statement(
        connection_,
        "INSERT INTO tracked(delivery, message, message_id, unique_id, port, published, ended, outcome, attempts, size,"
        " code, text, context_before, context_after, file_after, size_after, body_after, keeps_message)"
        " SELECT d.id, d.message, m.message_id, d.unique_id, d.port, m.published, ?2, ?3, max(d.total_attempts, ?4),"
        " m.size, coalesce(?5, d.code, ''), coalesce(?6, d.text, ''),"
        " iif(?7 AND (NOT ?8 OR d.overlay IS NOT NULL), ifnull(d.overlay, m.context), NULL), ?9, ?10, ?11, ?12,"
        " iif(?8, iif(?7 AND d.overlay IS NULL, 2, 1), 0)"
        " FROM delivery d JOIN message m ON m.sequence=d.message WHERE d.id=?1"
        " RETURNING ifnull(length(context_before),0)+ifnull(length(context_after),0)+size_after");
    has_open_delivery_ = statement(connection_, "SELECT 1 FROM delivery WHERE message=? LIMIT 1");
    read_kept_size_ =
        statement(connection_, "SELECT size+length(context), length(bodies) FROM message WHERE sequence=?");
    oldest_tracked_ = statement(
        connection_,
        "SELECT delivery, message, keeps_message, file_after, ended, length(body_after),"
        " ifnull(length(context_before),0)+ifnull(length(context_after),0)+size_after FROM tracked ORDER BY ended"
        " LIMIT ?");
    delete_tracked_ = statement(connection_, "DELETE FROM tracked WHERE delivery=?");
    save_tracked_bytes_ = statement(
        connection_, "INSERT INTO counter VALUES('tracked_bytes',?1) ON CONFLICT(name) DO UPDATE SET value=?1");
    delete_keys_ =
        statement(connection_,
                  "DELETE FROM submission_key WHERE key IN (SELECT key FROM submission_key WHERE expires<? LIMIT ?)");
    tracked_bytes_ = connection_.query_integer("SELECT value FROM counter WHERE name='tracked_bytes'");
    tracked_bytes_saved_ = tracked_bytes_;
    has_tracked_ = connection_.query_integer("SELECT EXISTS(SELECT 1 FROM tracked)") != 0;
}

void box_writer::track(delivery_id id, const tracked_delivery& kept, const ended_delivery& how) {
    const std::string after = kept.context_after ? kept.context_after->encode() : std::string{};
    const statement::nullable_blob no_bytes{};
    const std::string* bytes = kept.body_after ? std::get_if<std::string>(&*kept.body_after) : nullptr;
    const staged_body* staged = kept.body_after ? std::get_if<staged_body>(&*kept.body_after) : nullptr;
    const std::uint64_t size = bytes != nullptr ? bytes->size() : staged != nullptr ? staged->size : 0;
    track_.bind(id, how.ended_unix_ms, static_cast<std::int64_t>(how.outcome), how.attempts,
                statement::nullable_text{how.code}, statement::nullable_text{how.text},
                static_cast<std::int64_t>(kept.keeps_context), static_cast<std::int64_t>(kept.keeps_parts),
                kept.context_after ? statement::nullable_blob{&after} : no_bytes,
                statement::nullable_integer{staged != nullptr ? &staged->id : nullptr}, static_cast<std::int64_t>(size),
                statement::nullable_blob{bytes});
    tracked_bytes_ += track_.step() ? track_.integer(0) : 0;
    track_.reset();
    has_tracked_ = true;
}

// After a delivery is gone and its message is not: where it was the last one, nothing but tracking holds the message.
void box_writer::note_last_delivery(const held_claim& held) {
    if (held.delivery_count > 1) {
        has_open_delivery_.bind(held.sequence);
        const bool has_more = has_open_delivery_.step();
        has_open_delivery_.reset();
        if (has_more) {
            return;
        }
    }
    if (held.has_key) {
        expire_key(held.sequence);
    }
    tracked_bytes_ += kept_size(held.sequence);
}

std::int64_t box_writer::kept_size(std::int64_t sequence) {
    read_kept_size_.bind(sequence);
    const std::int64_t size = read_kept_size_.step() ? read_kept_size_.integer(0) : 0;
    read_kept_size_.reset();
    return size;
}

void box_writer::save_tracked_bytes() {
    if (tracked_bytes_ != tracked_bytes_saved_) {
        save_tracked_bytes_.bind(tracked_bytes_).run();
    }
}

// ---- Pruning ----

bool box_writer::is_over(const tracking_retention& limits) const noexcept {
    return has_tracked_ && tracked_bytes_ > static_cast<std::int64_t>(limits.size_bytes);
}

bool box_writer::is_far_over(const tracking_retention& limits) const noexcept {
    return has_tracked_ && tracked_bytes_ / 11 * 10 > static_cast<std::int64_t>(limits.size_bytes);
}

// Reads before it writes, so that a look which finds nothing costs no transaction.
std::vector<box_writer::tracked_row> box_writer::oldest_tracked(const tracking_retention& limits,
                                                                std::int64_t now_unix_ms) {
    std::vector<tracked_row> rows;
    std::int64_t bytes_left = tracked_bytes_;
    std::int64_t piece_bytes = 0;
    bool is_any_there = false;
    oldest_tracked_.bind(piece_rows_max);
    while (piece_bytes < piece_bytes_max && oldest_tracked_.step()) {
        is_any_there = true;
        const bool is_too_old = oldest_tracked_.integer(4) <= now_unix_ms - limits.age_ms;
        if (!is_too_old && bytes_left <= static_cast<std::int64_t>(limits.size_bytes)) {
            break;
        }
        tracked_row row;
        row.delivery = oldest_tracked_.integer(0);
        row.message = oldest_tracked_.integer(1);
        row.keeps_message = oldest_tracked_.integer(2) != 0;
        row.file = oldest_tracked_.is_null(3) ? 0 : oldest_tracked_.integer(3);
        row.size = oldest_tracked_.integer(6);
        bytes_left -= row.size;
        piece_bytes += row.size;
        if (row.keeps_message) {
            read_kept_size_.bind(row.message);
            if (read_kept_size_.step()) {
                bytes_left -= read_kept_size_.integer(0);
                piece_bytes += read_kept_size_.integer(1);
            }
            read_kept_size_.reset();
        }
        rows.push_back(row);
    }
    oldest_tracked_.reset();
    if (rows.empty() && !is_any_there) {
        has_tracked_ = false;
        tracked_bytes_ = 0;
    }
    return rows;
}

bool box_writer::prune_tracked(const tracking_retention& limits, std::int64_t now_unix_ms) {
    if (!has_tracked_) {
        return false;
    }
    const std::vector<tracked_row> rows = oldest_tracked(limits, now_unix_ms);
    if (rows.empty()) {
        return false;
    }
    begin();
    for (const tracked_row& row : rows) {
        end_tracked(row);
    }
    commit();
    return true;
}

void box_writer::end_tracked(const tracked_row& row) {
    delete_attempts_.bind(row.delivery).run();
    delete_tracked_.bind(row.delivery).run();
    tracked_bytes_ -= row.size;
    if (row.file != 0) {
        removed_files_.push_back(row.file);
    }
    if (!row.keeps_message || !close_message(row.message)) {
        return;
    }
    tracked_bytes_ -= kept_size(row.message);
    end_message(row.message, true, false);  // its key has expired with the last delivery
}

bool box_writer::prune_keys(std::int64_t now_unix_ms) {
    delete_keys_.bind(now_unix_ms, piece_keys_max).run();  // a transaction of its own
    return sqlite3_changes(connection_.handle()) > 0;
}

bool box_writer::shrink(std::int64_t free_pages_min, int pages) {
    if (connection_.query_integer("PRAGMA freelist_count") <= free_pages_min) {
        return false;
    }
    connection_.execute(("PRAGMA incremental_vacuum(" + std::to_string(pages) + ")").c_str());
    return true;
}

}  // namespace hawser::engine::sqlite
