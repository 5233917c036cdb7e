#include "messagebox/sqlite/box_reader.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "message/codec.hpp"
#include "messagebox/sqlite/delivery_listing.hpp"

namespace hawser::engine::sqlite {
namespace {

constexpr std::size_t idle_connection_count_max = 2;

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
    lease connection(*this);
    return delivery_listing(*connection, filter).take();
}

std::optional<delivery_detail> box_reader::show(delivery_id id) {
    lease connection(*this);
    statement query(*connection, (select_summary(", m.sequence") + "d.id=?").c_str());
    query.bind(id);
    if (!query.step()) {
        return std::nullopt;
    }
    delivery_detail detail;
    detail.summary = read_summary(query);
    detail.sequence = query.integer(summary_column_count);
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

// Over the partial indexes alone, in one statement, so that the figures belong together: those that wait for their
// first attempt are those that wait at all but the retried ones.
std::vector<port_counts> box_reader::counts() {
    lease connection(*this);
    statement query(
        *connection,
        "SELECT p.name, sum(n.waiting)-sum(n.retrying), sum(n.retrying), sum(n.active), sum(n.suspended) FROM ("
        "SELECT port, count(*) AS waiting, 0 AS retrying, 0 AS active, 0 AS suspended"
        " FROM delivery INDEXED BY delivery_ready WHERE state=1 GROUP BY port UNION ALL "
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
