// Deliveries whose rows cannot be read. A port in which there is one is claimed from one delivery at a time, each in a
// savepoint of its own; what is damaged is suspended (not resumable, code box.damaged), or passed over where not even
// that can be written. The share of the oldest is not kept meanwhile.
#include <algorithm>

#include "messagebox/sqlite/box_writer.hpp"
#include "messagebox/sqlite/schema.hpp"

namespace hawser::engine::sqlite {
namespace {

constexpr std::int64_t looked_at_max = 1000;  // deliveries of one priority in one careful claim
constexpr const char* damage_code = "box.damaged";

}  // namespace

// "" where it succeeded; else what is damaged, and everything that it changed is undone. Other failures are thrown.
template <typename Function>
std::string box_writer::try_reading(Function&& function) {
    const std::size_t mark = claims_.mark();
    const std::int64_t depth = depth_;
    connection_.execute("SAVEPOINT reading");
    std::string damage;
    try {
        function();
    } catch (const sqlite_error& failure) {
        if (failure.primary() != SQLITE_CORRUPT) {
            throw;
        }
        damage = failure.what();
        connection_.execute("ROLLBACK TO reading");
        claims_.undo_to(mark);
        depth_ = depth;
    }
    connection_.execute("RELEASE reading");
    return damage;
}

void box_writer::claim_carefully(const port_claim& wanted, std::int64_t port, std::int64_t now_unix_ms,
                                 std::vector<claimed_delivery>& out) {
    const std::size_t first = out.size();
    bool is_sound = false;
    const std::string damage = try_reading([&] {
        promote_carefully(wanted.port, port, now_unix_ms);
        if (wanted.is_ordered && ordered_ports_.count(port) == 0) {
            give_order_key_.bind(port).run();
        }
        is_sound = claim_one_by_one(wanted, port, out);
    });
    if (!damage.empty()) {
        out.resize(first);
        health_.note_port_unreadable(wanted.port, damage);
    } else if (is_sound) {
        careful_ports_.erase(wanted.port);
    }
}

// True = nothing that was looked at is damaged.
bool box_writer::claim_one_by_one(const port_claim& wanted, std::int64_t port, std::vector<claimed_delivery>& out) {
    const std::size_t wanted_size = out.size() + wanted.count_max;
    bool is_sound = unreadable_.empty();
    bool has_progress = true;
    while (has_progress && out.size() < wanted_size) {  // behind one that is set aside comes the next of its key
        has_progress = false;
        for (const delivery_id id : wanted.is_ordered ? first_of_each_key(wanted, port) : first_by_priority(port)) {
            if (out.size() >= wanted_size) {
                break;
            }
            const bool was_known = unreadable_.count(id) > 0;
            const bool is_readable = !was_known && claim_readable(id, wanted.port, out);
            is_sound = is_sound && is_readable;
            has_progress = has_progress || (!was_known && !is_readable);
        }
    }
    return is_sound;
}

bool box_writer::claim_readable(delivery_id id, const std::string& port, std::vector<claimed_delivery>& out) {
    const std::size_t first = out.size();
    const std::string damage = try_reading([&] {
        statement row(connection_, select_claim("", "d.id=?").c_str());
        row.bind(id);
        if (!row.step()) {
            throw sqlite_error(SQLITE_CORRUPT, "its message is not there");
        }
        out.push_back(read_claim(row, port));
        row.reset();
        activate(out, first);
    });
    if (!damage.empty()) {
        out.resize(first);
        set_aside(id, port, damage);
    }
    return damage.empty();
}

void box_writer::promote_carefully(const std::string& name, std::int64_t port, std::int64_t now_unix_ms) {
    if (try_reading([&] { promote_.bind(port, now_unix_ms, looked_at_max).run(); }).empty()) {
        return;
    }
    std::vector<delivery_id> due;
    statement later(connection_,
                    "SELECT id FROM delivery INDEXED BY delivery_later WHERE port=? AND state=2 AND due<=? LIMIT ?");
    later.bind(port, now_unix_ms, looked_at_max);
    while (later.step()) {
        due.push_back(later.integer(0));
    }
    later.reset();
    statement promote(connection_, "UPDATE delivery SET state=1 WHERE id=?");
    for (const delivery_id id : due) {
        if (const std::string damage = try_reading([&] { promote.bind(id).run(); }); !damage.empty()) {
            set_aside(id, name, damage);
        }
    }
}

// By the index alone, which has the rows' numbers.
std::vector<delivery_id> box_writer::first_of_each_key(const port_claim& wanted, std::int64_t port) {
    std::vector<delivery_id> found;
    statement first(connection_,
                    "SELECT id FROM delivery INDEXED BY delivery_ordered"
                    " WHERE port=? AND state=1 AND order_key IS NOT NULL AND order_key=? ORDER BY message LIMIT 1");
    for (std::optional<std::string> key{""}; key && found.size() < wanted.count_max; key = next_order_key(port, *key)) {
        first.bind(port, *key);
        if (!is_blocked(port, *key) && first.step() && unreadable_.count(first.integer(0)) == 0) {
            found.push_back(first.integer(0));
        }
        first.reset();
    }
    return found;
}

std::vector<delivery_id> box_writer::first_by_priority(std::int64_t port) {
    std::vector<delivery_id> found;
    statement first(connection_,
                    "SELECT id FROM delivery INDEXED BY delivery_ready"
                    " WHERE port=? AND state=1 AND priority=? ORDER BY message LIMIT ?");
    for (std::int64_t priority = 1; priority <= 10; ++priority) {
        first.bind(port, priority, looked_at_max);
        while (first.step()) {
            found.push_back(first.integer(0));
        }
        first.reset();
    }
    return found;
}

void box_writer::set_aside(delivery_id id, const std::string& port, const std::string& why) {
    const std::string text = "the delivery is damaged in the message box (" + why +
                             "): save what can be read of it, terminate it, and submit the message again";
    const std::string damage = try_reading([&] {
        statement suspend(connection_, "UPDATE delivery SET state=?2, code=?3, text=?4 WHERE id=?1");
        suspend.bind(id, static_cast<std::int64_t>(row_state::suspended_not_resumable), std::string_view(damage_code),
                     text);
        suspend.run();
        --depth_;
    });
    if (damage.empty()) {
        health_.note_set_aside(port, id, why);
    } else {
        unreadable_.insert(id);
        health_.note_unreadable(port, id, damage);
    }
}

void box_writer::give_up(const claim_token& token, const std::string& why) {
    if (claims_.find(token) == nullptr) {
        return;
    }
    std::string port;
    try_reading([&] {
        statement name(connection_, "SELECT p.name FROM delivery d JOIN port p ON p.id=d.port WHERE d.id=?");
        name.bind(token.delivery);
        port = name.step() ? std::string(name.text(0)) : "";
    });
    set_aside(token.delivery, port, why);
    claims_.end(token.delivery);
}

}  // namespace hawser::engine::sqlite
