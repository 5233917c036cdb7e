#include "messagebox/sqlite/box_tracking_reader.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "base/lower_case.hpp"
#include "messagebox/sqlite/listing_filter.hpp"
#include "messagebox/sqlite/listing_limits.hpp"
#include "messagebox/sqlite/schema.hpp"

namespace hawser::engine::sqlite {
namespace {

constexpr int column_count = 11;  // of select_tracked

constexpr const char* select_tracked =
    "SELECT t.delivery, t.message_id, t.unique_id, p.name, t.outcome, t.published, t.attempts, t.size, t.code, t.text,"
    " t.ended";

// The context before the pipeline where it is kept, in the row or with the message.
constexpr const char* context_before =
    "ifnull(t.context_before, (SELECT context FROM message WHERE sequence=t.message AND t.keeps_message=2))";

class inline_reader final : public body_reader {
public:
    explicit inline_reader(std::string bytes) : bytes_(std::move(bytes)) {}
    std::size_t read(void* buffer, std::size_t capacity) override {
        const std::size_t size = std::min(capacity, bytes_.size() - position_);
        std::memcpy(buffer, bytes_.data() + position_, size);
        position_ += size;
        return size;
    }

private:
    std::string bytes_;
    std::size_t position_ = 0;
};

delivery_state state_of(std::int64_t outcome) {
    switch (static_cast<tracked_outcome>(outcome)) {
    case tracked_outcome::delivered: return delivery_state::delivered;
    case tracked_outcome::terminated: return delivery_state::terminated;
    case tracked_outcome::failed: break;
    }
    return delivery_state::failed;
}

std::int64_t outcome_of(delivery_state state) {
    return static_cast<std::int64_t>(state == delivery_state::delivered    ? tracked_outcome::delivered
                                     : state == delivery_state::terminated ? tracked_outcome::terminated
                                                                           : tracked_outcome::failed);
}

delivery_summary read_tracked(const statement& row) {
    delivery_summary one;
    one.id = row.integer(0);
    one.message_id = row.text(1);
    one.unique_id = row.text(2);
    one.port = row.text(3);
    one.state = state_of(row.integer(4));
    one.published_unix_ms = row.integer(5);
    one.attempts = static_cast<std::uint32_t>(row.integer(6));
    one.size = static_cast<std::uint64_t>(row.integer(7));
    one.code = row.text(8);
    one.text = row.text(9);
    one.ended_unix_ms = row.integer(10);
    return one;
}

class tracked_listing {
public:
    tracked_listing(database& connection, const delivery_filter& filter)
        : connection_(connection), filter_(filter), error_(lower_case(filter.error)), next_(filter.after + 1) {
        if (!filter_.port.empty()) {
            statement port(connection_, "SELECT id FROM port WHERE name=?");
            port.bind(filter_.port);
            port_ = port.step() ? port.integer(0) : -1;
        }
        if (filter_.published_from_unix_ms) {
            next_ = std::max(next_,
                             first_published_at(connection_, "tracked", "delivery",
                                                *filter_.published_from_unix_ms - clock_slack_ms, neighbour::latest));
        }
        if (filter_.published_before_unix_ms) {
            last_ = first_published_at(connection_, "tracked", "delivery",
                                       *filter_.published_before_unix_ms + clock_slack_ms, neighbour::earliest) -
                    1;
        }
    }

    std::vector<delivery_summary> take() {
        if (!filter_.ids.empty()) {
            read_ids(filter_.ids);
        } else if (!filter_.message_id.empty()) {
            read_ids(ids_by("message_id", filter_.message_id));
        } else if (!filter_.unique_id.empty()) {
            read_ids(ids_by("unique_id", filter_.unique_id));
        } else {
            read_ranges();
        }
        return std::move(found_);
    }

private:
    bool is_full() const { return found_.size() >= std::min(filter_.count_max, list_count_max); }

    std::vector<delivery_id> ids_by(const std::string& column, const std::string& value) {
        statement query(connection_, ("SELECT delivery FROM tracked WHERE " + column + "=?").c_str());
        query.bind(value);
        std::vector<delivery_id> ids;
        while (query.step()) {
            ids.push_back(query.integer(0));
        }
        return ids;
    }

    void read_ids(std::vector<delivery_id> ids) {
        std::sort(ids.begin(), ids.end());
        ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
        statement rows = matching("NOT INDEXED");
        for (const delivery_id id : ids) {
            if (id >= next_ && id <= last_ && !is_full()) {
                read(rows, id, id);
            }
        }
    }

    // From one row that is there to the next, so that a gap in the numbers costs one look.
    void read_ranges() {
        const bool wants_others = filter_.state && *filter_.state != delivery_state::delivered;
        const char* index = wants_others ? "INDEXED BY tracked_not_delivered"
                            : port_ != 0 ? "INDEXED BY tracked_by_port"
                                         : "NOT INDEXED";
        statement rows = matching(index);
        const std::string sql = std::string("SELECT delivery FROM tracked t ") + index + " WHERE delivery>=?1" +
                                (wants_others ? " AND outcome<>1"
                                 : port_ != 0 ? " AND port=?2"
                                              : "") +
                                " ORDER BY delivery LIMIT 1";
        statement first(connection_, sql.c_str());
        while (!is_full()) {
            if (wants_others || port_ == 0) {
                first.bind(next_);
            } else {
                first.bind(next_, port_);
            }
            const delivery_id id = first.step() ? first.integer(0) : id_max;
            first.reset();
            if (id > last_) {
                return;
            }
            read(rows, id, std::min(last_, id + listing_range_size - 1));
            next_ = id + listing_range_size;
        }
    }

    void read(statement& rows, delivery_id from, delivery_id to) {
        rows.bind(from, to, port_, error_, filter_.published_from_unix_ms.value_or(0),
                  filter_.published_before_unix_ms.value_or(0), filter_.state ? outcome_of(*filter_.state) : 0,
                  filter_.message_id, filter_.unique_id);
        while (!is_full() && rows.step()) {
            if (filter_.properties.empty() || has_properties(rows.text(column_count), filter_.properties)) {
                found_.push_back(read_tracked(rows));
            }
        }
        rows.reset();
    }

    statement matching(const char* index) const {
        std::string sql = select_tracked;
        sql += filter_.properties.empty() ? "" : std::string(", ifnull(") + context_before + ", t.context_after)";
        sql += std::string(" FROM tracked t ") + index + " CROSS JOIN port p ON p.id=t.port";
        sql += " WHERE t.delivery>=?1 AND t.delivery<=?2";
        sql += port_ != 0 ? " AND t.port=?3" : "";
        sql += filter_.error.empty() ? "" : " AND (instr(lower(t.code),?4) OR instr(lower(t.text),?4))";
        sql += filter_.published_from_unix_ms ? " AND t.published>=?5" : "";
        sql += filter_.published_before_unix_ms ? " AND t.published<?6" : "";
        sql += !filter_.state                                ? ""
               : *filter_.state == delivery_state::delivered ? " AND t.outcome=1"
                                                             : " AND t.outcome<>1 AND t.outcome=?7";
        sql += filter_.message_id.empty() ? "" : " AND t.message_id=?8";
        sql += " AND (?9='' OR t.unique_id=?9) ORDER BY t.delivery";
        return {connection_, sql.c_str()};
    }

    database& connection_;
    const delivery_filter& filter_;
    const std::string error_;  // in lower case
    std::int64_t port_ = 0;    // 0 = all, -1 = one that never was
    delivery_id next_;
    delivery_id last_ = id_max - listing_range_size;
    std::vector<delivery_summary> found_;
};

message_context decode_context(const statement& row, int column) {
    auto context = message_context::decode(row.text(column));
    if (!context) {
        throw std::runtime_error(context.error().text);
    }
    return std::move(context).value();
}

void read_parts(database& connection, delivery_detail& detail) {
    statement message(connection, "SELECT parts FROM message WHERE sequence=?");
    message.bind(detail.sequence);
    if (message.step()) {
        auto parts = decode_parts(message.text(0));
        if (!parts) {
            throw std::runtime_error(parts.error().text);
        }
        detail.parts = std::move(parts).value();
    }
}

}  // namespace

std::unique_ptr<body_reader> read_from(std::string bytes) { return std::make_unique<inline_reader>(std::move(bytes)); }

bool wants_open(const delivery_filter& filter) noexcept { return !filter.state || !has_ended(*filter.state); }

bool wants_ended(const delivery_filter& filter) noexcept {
    return filter.state ? has_ended(*filter.state)
                        : !filter.ids.empty() || !filter.message_id.empty() || !filter.unique_id.empty();
}

std::vector<delivery_summary> list_tracked(database& connection, const delivery_filter& filter) {
    return tracked_listing(connection, filter).take();
}

std::optional<delivery_detail> show_tracked(database& connection, delivery_id id) {
    const std::string sql = std::string(select_tracked) + ", t.message, t.keeps_message, " + context_before +
                            ", t.context_after, t.file_after IS NOT NULL OR t.body_after IS NOT NULL, t.size_after"
                            " FROM tracked t JOIN port p ON p.id=t.port WHERE t.delivery=?";
    statement query(connection, sql.c_str());
    query.bind(id);
    if (!query.step()) {
        return std::nullopt;
    }
    delivery_detail detail;
    detail.summary = read_tracked(query);
    detail.sequence = query.integer(column_count);
    if (!query.is_null(column_count + 2)) {
        detail.context = decode_context(query, column_count + 2);
    }
    if (!query.is_null(column_count + 3)) {
        detail.context_after = decode_context(query, column_count + 3);
    }
    if (query.integer(column_count + 4) != 0) {
        detail.size_after = static_cast<std::uint64_t>(query.integer(column_count + 5));
    }
    if (query.integer(column_count + 1) != 0) {
        read_parts(connection, detail);
    }
    return detail;
}

std::unique_ptr<body_reader> open_tracked_body(database& connection, const body_files& files, delivery_id id) {
    statement body(connection, "SELECT file_after, body_after FROM tracked WHERE delivery=?");
    body.bind(id);
    if (!body.step() || (body.is_null(0) && body.is_null(1))) {
        throw std::runtime_error("the body after the pipeline is not kept for this delivery (any more)");
    }
    return body.is_null(0) ? read_from(std::string(body.text(1))) : files.open(body.integer(0));
}

}  // namespace hawser::engine::sqlite
