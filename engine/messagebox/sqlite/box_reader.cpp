#include "messagebox/sqlite/box_reader.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "message/codec.hpp"
#include "messagebox/sqlite/box_tracking_reader.hpp"
#include "messagebox/sqlite/delivery_listing.hpp"

namespace hawser::engine::sqlite {
namespace {

constexpr std::size_t idle_connection_count_max = 2;

std::vector<attempt_record> read_history(const database& connection, delivery_id id) {
    statement history(
        connection,
        "SELECT attempt, started, ended, transport, verdict, code, text FROM attempt WHERE delivery=? ORDER BY number");
    history.bind(id);
    std::vector<attempt_record> all;
    while (history.step()) {
        all.push_back({static_cast<std::uint32_t>(history.integer(0)), history.integer(1), history.integer(2),
                       std::string(history.text(3)), std::string(history.text(4)), std::string(history.text(5)),
                       std::string(history.text(6))});
    }
    return all;
}

// Of a damaged message they stay empty: an operator can still see what it was, and why it was set aside.
void read_content(const database& connection, delivery_id id, delivery_detail& detail) {
    try {
        statement message(connection,
                          "SELECT ifnull(d.overlay, m.context), m.parts FROM delivery d JOIN message m ON"
                          " m.sequence=d.message WHERE d.id=?");
        message.bind(id);
        if (!message.step()) {
            return;
        }
        auto context = message_context::decode(message.text(0));
        auto parts = decode_parts(message.text(1));
        if (context && parts) {
            detail.context = std::move(context).value();
            detail.parts = std::move(parts).value();
        }
    } catch (const sqlite_error& failure) {
        if (failure.primary() != SQLITE_CORRUPT) {
            throw;
        }
    }
}

}  // namespace

// A connection for one query; goes back to the pool afterwards.
class box_reader::lease {
public:
    explicit lease(box_reader& owner) : owner_(owner) {
        {
            const std::lock_guard lock(owner_.mutex_);
            if (!owner_.idle_.empty()) {
                connection_ = std::move(owner_.idle_.back());
                owner_.idle_.pop_back();
                return;
            }
        }
        connection_ = database(owner_.path_, true);
        connection_.execute("PRAGMA cache_size=-256");
    }
    ~lease() {
        const std::lock_guard lock(owner_.mutex_);
        if (owner_.idle_.size() < idle_connection_count_max) {
            owner_.idle_.push_back(std::move(connection_));
        }
    }
    database& operator*() noexcept { return connection_; }

private:
    box_reader& owner_;
    database connection_;
};

std::optional<std::int64_t> box_reader::next_due(const std::vector<std::string>& ports) {
    lease connection(*this);
    statement later(*connection,
                    "SELECT min(due) FROM delivery WHERE port=(SELECT id FROM port WHERE name=?1) AND state=2");
    std::optional<std::int64_t> earliest;
    for (const std::string& port : ports) {
        later.bind(port);
        if (later.step() && !later.is_null(0)) {
            earliest = earliest ? std::min(*earliest, later.integer(0)) : later.integer(0);
        }
    }
    return earliest;
}

std::unique_ptr<body_reader> box_reader::open_body(std::int64_t sequence, std::size_t part_index) {
    lease connection(*this);
    statement file(*connection, "SELECT file FROM part_file WHERE message=? AND part=?");
    file.bind(sequence, static_cast<std::int64_t>(part_index));
    if (file.step()) {
        return files_.open(file.integer(0));
    }
    statement bodies(*connection, "SELECT bodies FROM message WHERE sequence=?");
    bodies.bind(sequence);
    if (!bodies.step()) {
        throw std::runtime_error("the message is gone from the message box");
    }
    byte_decoder in(bodies.text(0));
    for (std::size_t i = 0; i < part_index; ++i) {
        in.u8();
        in.text();
    }
    in.u8();
    std::string bytes(in.text());
    if (!in.is_good()) {
        throw std::runtime_error("a stored body cannot be read: the message box is damaged");
    }
    return read_from(std::move(bytes));
}

std::vector<delivery_summary> box_reader::list(const delivery_filter& filter) {
    lease connection(*this);
    std::vector<delivery_summary> found;
    if (wants_open(filter)) {
        found = delivery_listing(*connection, filter).take();
    }
    if (wants_ended(filter) && found.size() < filter.count_max) {
        const std::vector<delivery_summary> ended = list_tracked(*connection, filter);
        const auto middle = found.insert(found.end(), ended.begin(), ended.end());
        std::inplace_merge(found.begin(), middle, found.end(),
                           [](const auto& a, const auto& b) { return a.id < b.id; });
        found.resize(std::min<std::size_t>(found.size(), filter.count_max));
    }
    return found;
}

std::optional<delivery_detail> box_reader::show(delivery_id id) {
    lease connection(*this);
    statement query(*connection, (select_summary(", m.sequence") + "d.id=?").c_str());
    query.bind(id);
    if (!query.step()) {
        std::optional<delivery_detail> ended = show_tracked(*connection, id);
        if (ended) {
            ended->history = read_history(*connection, id);
        }
        return ended;
    }
    delivery_detail detail;
    detail.summary = read_summary(query);
    detail.sequence = query.integer(summary_column_count);
    read_content(*connection, id, detail);
    detail.history = read_history(*connection, id);
    return detail;
}

std::unique_ptr<body_reader> box_reader::open_tracked_body(delivery_id id) {
    lease connection(*this);
    return sqlite::open_tracked_body(*connection, files_, id);
}

// Over the partial indexes alone, in one statement, so that the figures belong together: those that wait for their
// first attempt are those that wait at all but the retried ones.
std::vector<port_counts> box_reader::counts() {
    lease connection(*this);
    statement query(
        *connection,
        "SELECT p.name, sum(n.waiting)-sum(n.retrying), sum(n.retrying), sum(n.active), sum(n.suspended) FROM ("
        "SELECT port, count(*) AS waiting, 0 AS retrying, 0 AS active, 0 AS suspended"
        " FROM delivery INDEXED BY delivery_ready WHERE state=1 GROUP BY port UNION ALL "
        "SELECT port, count(*), 0, 0, 0 FROM delivery INDEXED BY delivery_held_by_port WHERE state=-1 GROUP BY port"
        " UNION ALL "
        "SELECT port, count(*), 0, 0, 0 FROM delivery INDEXED BY delivery_later WHERE state=2 GROUP BY port UNION ALL "
        "SELECT port, 0, count(*), 0, 0 FROM delivery INDEXED BY delivery_retrying"
        " WHERE state<=2 AND total_attempts>0 GROUP BY port UNION ALL "
        "SELECT port, 0, 0, count(*), 0 FROM delivery INDEXED BY delivery_active WHERE state=3 GROUP BY port UNION ALL "
        "SELECT port, 0, 0, 0, count(*) FROM delivery INDEXED BY delivery_suspended WHERE state>=4 GROUP BY port"
        ") n JOIN port p ON p.id=n.port GROUP BY n.port");
    query.bind();
    std::vector<port_counts> all;
    const auto count = [&query](int column) { return static_cast<std::uint64_t>(query.integer(column)); };
    while (query.step()) {
        all.push_back({std::string(query.text(0)), count(1), count(2), count(3), count(4)});
    }
    return all;
}

std::vector<held_count> box_reader::held_counts() {
    lease connection(*this);
    statement query(*connection,
                    "SELECT g.name, count(*) FROM delivery d INDEXED BY delivery_held JOIN port_group g"
                    " ON g.id=d.held_for WHERE d.state=-1 GROUP BY d.held_for ORDER BY g.name");
    query.bind();
    std::vector<held_count> all;
    while (query.step()) {
        all.push_back({std::string(query.text(0)), static_cast<std::uint64_t>(query.integer(1))});
    }
    return all;
}

std::vector<port_state_record> box_reader::port_states() {
    lease connection(*this);
    statement query(*connection,
                    "SELECT name, state, declared, 0 AS is_group FROM port UNION ALL"
                    " SELECT name, state, declared, 1 FROM port_group ORDER BY is_group, name");
    query.bind();
    std::vector<port_state_record> all;
    while (query.step()) {
        all.push_back({std::string(query.text(0)), std::string(query.text(1)), std::string(query.text(2)),
                       query.integer(3) != 0});
    }
    return all;
}

std::set<std::int64_t> box_reader::known_files() {
    lease connection(*this);
    statement query(*connection,
                    "SELECT file FROM part_file UNION ALL SELECT file_after FROM tracked WHERE file_after IS NOT NULL");
    query.bind();
    std::set<std::int64_t> all;
    while (query.step()) {
        all.insert(query.integer(0));
    }
    return all;
}

}  // namespace hawser::engine::sqlite
