// Deliveries whose rows cannot be read. A port in which there is one is looked through before each claim, outside the
// group's transaction: SQLite writes nothing more in a transaction that has met with damage. What is damaged is
// suspended (not resumable, code box.damaged), or passed over where not even that can be written; then the claim takes
// from what was found sound. Neither the share of the oldest nor the turns of order keys are kept meanwhile.
#include <algorithm>

#include "messagebox/sqlite/box_writer.hpp"
#include "messagebox/sqlite/schema.hpp"

namespace hawser::engine::sqlite {
namespace {

constexpr std::int64_t looked_at_max = 1000;  // deliveries of one priority in one look
constexpr const char* damage_code = "box.damaged";

// Of a row or page; a file that is no database at all is not a delivery's damage.
bool is_damaged_row(const sqlite_error& failure) { return failure.primary() == SQLITE_CORRUPT; }

// "" where it succeeded; else what is damaged. Other failures are thrown.
template <typename Function>
std::string damage_of(Function&& function) {
    try {
        function();
        return {};
    } catch (const sqlite_error& failure) {
        if (!is_damaged_row(failure)) {
            throw;
        }
        return failure.what();
    }
}

}  // namespace

// The same for what writes, in a transaction of its own.
template <typename Function>
std::string box_writer::damage_of_writing(Function&& function) {
    try {
        begin();
        function();
        commit();
        return {};
    } catch (const sqlite_error& failure) {
        roll_back();
        if (!is_damaged_row(failure)) {
            throw;
        }
        return failure.what();
    }
}

void box_writer::look_for_damage(const port_claim& wanted, std::int64_t now_unix_ms) {
    if (careful_ports_.count(wanted.port) == 0) {
        return;
    }
    std::vector<delivery_id>& sound = sound_[wanted.port];
    sound.clear();
    bool has_found = false;
    const std::string damage = damage_of([&] {
        find_port_.bind(wanted.port);
        const std::int64_t port = find_port_.step() ? find_port_.integer(0) : 0;
        find_port_.reset();
        promote_carefully(wanted.port, port, now_unix_ms);
        has_found = look_through(wanted, port, sound);
    });
    if (!damage.empty()) {
        sound.clear();
        health_.note_port_unreadable(wanted.port, damage);
    } else if (!has_found && unreadable_.empty()) {
        careful_ports_.erase(wanted.port);  // back to the ordinary way
    }
}

// True = something is damaged, and was set aside. Behind one that is set aside comes the next of its order.
bool box_writer::look_through(const port_claim& wanted, std::int64_t port, std::vector<delivery_id>& sound) {
    bool has_found = false;
    for (bool has_more = true; has_more;) {
        has_more = false;
        sound.clear();
        for (const delivery_id id : candidates(wanted, port)) {
            if (sound.size() >= wanted.count_max) {
                break;
            }
            if (unreadable_.count(id) > 0) {
                continue;
            }
            const std::string damage = damage_of([&] { read_whole(id); });
            if (damage.empty()) {
                sound.push_back(id);
            } else {
                set_aside(id, wanted.port, damage);
                has_more = has_found = true;
            }
        }
    }
    return has_found;
}

void box_writer::read_whole(delivery_id id) {
    statement row(connection_, select_claim("", "d.id=?").c_str());
    row.bind(id);
    if (!row.step()) {
        throw sqlite_error(SQLITE_CORRUPT, "its message is not there");
    }
    const std::size_t mark = claims_.mark();
    try {
        read_claim(row, "");
    } catch (const sqlite_error&) {
        claims_.undo_to(mark);
        throw;
    }
    claims_.undo_to(mark);  // only looked at
}

void box_writer::claim_sound(const port_claim& wanted, std::vector<claimed_delivery>& out) {
    statement row(connection_, select_claim("", "d.id=? AND d.state=1").c_str());
    for (const delivery_id id : std::exchange(sound_[wanted.port], {})) {
        const std::size_t first = out.size();
        row.bind(id);
        if (row.step()) {
            out.push_back(read_claim(row, wanted.port));
        }
        row.reset();
        activate(out, first);
    }
}

void box_writer::promote_carefully(const std::string& name, std::int64_t port, std::int64_t now_unix_ms) {
    if (damage_of_writing([&] { promote_.bind(port, now_unix_ms, looked_at_max).run(); }).empty()) {
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
        if (const std::string damage = damage_of_writing([&] { promote.bind(id).run(); }); !damage.empty()) {
            set_aside(id, name, damage);
        }
    }
}

// In the order in which they are due, by the indexes alone, which have the rows' numbers.
std::vector<delivery_id> box_writer::candidates(const port_claim& wanted, std::int64_t port) {
    if (wanted.is_ordered) {
        return first_of_each_key(wanted, port);
    }
    std::vector<delivery_id> found = not_in_order(port);
    if (!wanted.only_on_backup) {  // of a port that was ordered before
        const std::vector<delivery_id> in_order = first_of_each_key(wanted, port);
        found.insert(found.begin(), in_order.begin(), in_order.end());
    } else {
        statement is_on_backup(connection_, "SELECT 1 FROM delivery WHERE id=? AND is_on_backup=1");
        const auto is_other = [&](delivery_id id) {
            bool is_wanted = false;
            const std::string damage = damage_of([&] { is_wanted = is_on_backup.bind(id).step(); });
            is_on_backup.reset();
            return !is_wanted && damage.empty();  // a damaged one is wanted: to be set aside
        };
        found.erase(std::remove_if(found.begin(), found.end(), is_other), found.end());
    }
    return found;
}

// One that cannot even be suspended holds back its key: nothing may go before it.
std::vector<delivery_id> box_writer::first_of_each_key(const port_claim& wanted, std::int64_t port) {
    std::vector<delivery_id> found;
    statement first(connection_,
                    "SELECT id FROM delivery INDEXED BY delivery_ordered"
                    " WHERE port=? AND state=1 AND order_key IS NOT NULL AND order_key=? ORDER BY message LIMIT 1");
    for (std::optional<std::string> key{""}; key && found.size() < wanted.count_max; key = next_order_key(port, *key)) {
        first.bind(port, *key);
        if (!is_blocked(wanted, port, *key) && first.step() && unreadable_.count(first.integer(0)) == 0) {
            found.push_back(first.integer(0));
        }
        first.reset();
    }
    return found;
}

std::vector<delivery_id> box_writer::not_in_order(std::int64_t port) {
    std::set<delivery_id> in_order;
    statement ordered(connection_,
                      "SELECT id FROM delivery INDEXED BY delivery_ordered"
                      " WHERE port=? AND state=1 AND order_key IS NOT NULL");
    ordered.bind(port);
    while (ordered.step()) {
        in_order.insert(ordered.integer(0));
    }
    ordered.reset();
    std::vector<delivery_id> found;
    statement first(connection_,
                    "SELECT id FROM delivery INDEXED BY delivery_ready"
                    " WHERE port=? AND state=1 AND priority=? ORDER BY message LIMIT ?");
    for (std::int64_t priority = 1; priority <= 10; ++priority) {
        first.bind(port, priority, looked_at_max);
        while (first.step()) {
            if (in_order.count(first.integer(0)) == 0) {
                found.push_back(first.integer(0));
            }
        }
        first.reset();
    }
    return found;
}

void box_writer::set_aside(delivery_id id, const std::string& port, const std::string& why) {
    const std::string text = "the delivery is damaged in the message box (" + why +
                             "): save what can be read of it, terminate it, and submit the message again";
    const std::string damage = damage_of_writing([&] {
        statement suspend(connection_, "UPDATE delivery SET state=?2, code=?3, text=?4 WHERE id=?1");
        suspend.bind(id, static_cast<std::int64_t>(row_state::suspended_not_resumable), std::string_view(damage_code),
                     text);
        suspend.run();
        claims_.end(id);
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
    damage_of([&] {
        statement name(connection_, "SELECT p.name FROM delivery d JOIN port p ON p.id=d.port WHERE d.id=?");
        name.bind(token.delivery);
        port = name.step() ? std::string(name.text(0)) : "";
    });
    set_aside(token.delivery, port, why);
    claims_.end(token.delivery);
    claims_.keep();
}

}  // namespace hawser::engine::sqlite
