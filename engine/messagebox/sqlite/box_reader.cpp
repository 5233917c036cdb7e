#include "messagebox/sqlite/box_reader.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "message/codec.hpp"
#include "messagebox/sqlite/schema.hpp"

namespace hawser::engine::sqlite {
namespace {

constexpr std::size_t idle_connection_count_max = 2;
constexpr std::uint32_t list_count_max = 100000;

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

constexpr const char* summary_columns =
    "SELECT d.id, m.message_id, d.unique_id, p.name, d.state, m.published, d.due, d.total_attempts, m.size, "
    "ifnull(d.code,''),"
    " ifnull(d.text,''), m.sequence FROM delivery d JOIN message m ON m.sequence=d.message JOIN port p ON p.id=d.port ";

delivery_state state_of(std::int64_t row, std::int64_t attempts) {
    switch (static_cast<row_state>(row)) {
    case row_state::ready:
    case row_state::later: return attempts > 0 ? delivery_state::retrying : delivery_state::queued;
    case row_state::active: return delivery_state::active;
    case row_state::suspended: return delivery_state::suspended;
    case row_state::suspended_not_resumable: return delivery_state::suspended_not_resumable;
    }
    return delivery_state::suspended_not_resumable;
}

const char* condition_of(delivery_state state) {
    switch (state) {
    case delivery_state::queued: return "d.state IN (1,2) AND d.total_attempts=0";
    case delivery_state::retrying: return "d.state IN (1,2) AND d.total_attempts>0";
    case delivery_state::active: return "d.state=3";
    case delivery_state::suspended: return "d.state>=4";
    case delivery_state::suspended_not_resumable: return "d.state=5";
    }
    return "1";
}

delivery_summary read_summary(statement& row) {
    delivery_summary one;
    one.id = row.integer(0);
    one.message_id = row.text(1);
    one.unique_id = row.text(2);
    one.port = row.text(3);
    one.state = state_of(row.integer(4), row.integer(7));
    one.published_unix_ms = row.integer(5);
    one.due_unix_ms = row.integer(6);
    one.attempts = static_cast<std::uint32_t>(row.integer(7));
    one.size = static_cast<std::uint64_t>(row.integer(8));
    one.code = row.text(9);
    one.text = row.text(10);
    return one;
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
    return std::make_unique<inline_reader>(std::move(bytes));
}

std::vector<delivery_summary> box_reader::list(const delivery_filter& filter) {
    std::string sql = std::string(summary_columns) + "WHERE d.id>?1";
    if (!filter.port.empty()) {
        sql += " AND d.port=(SELECT id FROM port WHERE name=?2)";
    }
    if (!filter.message_id.empty()) {
        sql += " AND (d.message IN (SELECT sequence FROM message WHERE message_id=?3) OR d.unique_id=?3)";
    }
    if (filter.state) {
        sql += std::string(" AND ") + condition_of(*filter.state);
    }
    sql += " ORDER BY d.id LIMIT ?4";
    lease connection(*this);
    statement query(*connection, sql.c_str());
    query.bind(filter.after, filter.port, filter.message_id,
               static_cast<std::int64_t>(std::min(filter.count_max, list_count_max)));
    std::vector<delivery_summary> found;
    while (query.step()) {
        found.push_back(read_summary(query));
    }
    return found;
}

std::optional<delivery_detail> box_reader::show(delivery_id id) {
    lease connection(*this);
    statement query(*connection, (std::string(summary_columns) + "WHERE d.id=?").c_str());
    query.bind(id);
    if (!query.step()) {
        return std::nullopt;
    }
    delivery_detail detail;
    detail.summary = read_summary(query);
    detail.sequence = query.integer(11);
    statement message(*connection,
                      "SELECT ifnull(d.overlay, m.context), m.parts FROM delivery d JOIN message m ON "
                      "m.sequence=d.message WHERE d.id=?");
    message.bind(id);
    if (!message.step()) {
        return std::nullopt;
    }
    auto context = message_context::decode(message.text(0));
    auto parts = decode_parts(message.text(1));
    if (!context || !parts) {
        throw std::runtime_error((context ? parts.error() : context.error()).text);
    }
    detail.context = std::move(context).value();
    detail.parts = std::move(parts).value();
    statement history(
        *connection,
        "SELECT attempt, started, ended, transport, verdict, code, text FROM attempt WHERE delivery=? ORDER BY number");
    history.bind(id);
    while (history.step()) {
        detail.history.push_back({static_cast<std::uint32_t>(history.integer(0)), history.integer(1),
                                  history.integer(2), std::string(history.text(3)), std::string(history.text(4)),
                                  std::string(history.text(5)), std::string(history.text(6))});
    }
    return detail;
}

std::vector<port_counts> box_reader::counts() {
    lease connection(*this);
    statement query(*connection,
                    "SELECT p.name, sum(d.state<=2 AND d.total_attempts=0), sum(d.state<=2 AND d.total_attempts>0),"
                    " sum(d.state=3), sum(d.state>=4) FROM delivery d JOIN port p ON p.id=d.port GROUP BY d.port");
    query.bind();
    std::vector<port_counts> all;
    const auto count = [&query](int column) { return static_cast<std::uint64_t>(query.integer(column)); };
    while (query.step()) {
        all.push_back({std::string(query.text(0)), count(1), count(2), count(3), count(4)});
    }
    return all;
}

std::vector<port_state_record> box_reader::port_states() {
    lease connection(*this);
    statement query(*connection, "SELECT name, state, declared FROM port ORDER BY name");
    query.bind();
    std::vector<port_state_record> all;
    while (query.step()) {
        all.push_back({std::string(query.text(0)), std::string(query.text(1)), std::string(query.text(2))});
    }
    return all;
}

std::set<std::int64_t> box_reader::known_files() {
    lease connection(*this);
    statement query(*connection, "SELECT file FROM part_file");
    query.bind();
    std::set<std::int64_t> all;
    while (query.step()) {
        all.insert(query.integer(0));
    }
    return all;
}

}  // namespace hawser::engine::sqlite
