// How deliveries are handed out, and what was handed out when the last owner died.
#include <algorithm>
#include <limits>

#include "message/codec.hpp"
#include "messagebox/sqlite/box_writer.hpp"

namespace hawser::engine::sqlite {
namespace {

constexpr std::uint32_t oldest_share = 8;
constexpr std::int64_t promoted_at_once_max = 256;
constexpr std::int64_t priority_count = 10;
constexpr std::size_t set_size_min = 4;  // fewer are marked one by one

}  // namespace

std::vector<std::optional<std::string>> decode_bodies(std::string_view bytes, std::size_t count) {
    byte_decoder in(bytes);
    std::vector<std::optional<std::string>> bodies;
    for (std::size_t i = 0; i < count; ++i) {
        const bool is_inline = in.u8() != 0;
        const std::string_view text = in.text();
        bodies.push_back(is_inline ? std::optional<std::string>(text) : std::nullopt);
    }
    if (!in.is_good()) {
        throw sqlite_error(SQLITE_CORRUPT, "a stored body list cannot be read");
    }
    return bodies;
}

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
    statement put_back(connection_,
                       "UPDATE delivery SET state=iif(crash_count=1,2,1), due=iif(crash_count=1,?,due),"
                       " crash_count=crash_count+1, total_attempts=total_attempts+1, code='host.died',"
                       " text='the host ended while this was being sent; it may have arrived' WHERE state=3");
    put_back.bind(now_unix_ms + second_crash_wait_ms).run();
    commit();
}

// One that is being sent or waits for its retry holds back those of its key, and so does one that is suspended
// (resumable) where the port stops on a failure now, whatever it did when that one failed; one that waits for its time
// without an attempt (cancelled, resumed, published for later) those that were published after it. So nothing is passed
// whatever the clock says, which may have been set back.
bool box_writer::is_blocked(const port_claim& wanted, std::int64_t port, const std::string& order_key) {
    is_blocked_.bind(port, order_key, wanted.stops_on_failure);
    const bool blocked = is_blocked_.step();
    is_blocked_.reset();
    return blocked;
}

claimed_delivery box_writer::read_claim(statement& row, const std::string& port) {
    claimed_delivery claim;
    claim.token.delivery = row.integer(0);
    claim.token.epoch = static_cast<std::uint64_t>(row.integer(2)) + 1;
    claim.port = port;
    claim.unique_id = row.text(1);
    claim.crash_count = static_cast<std::uint32_t>(row.integer(3));
    claim.was_resumed = row.integer(20) != 0;
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
    held.has_history = !row.is_null(19);  // also of an attempt that was cancelled, and is not counted
    held.has_files =
        std::any_of(claim.inline_bodies.begin(), claim.inline_bodies.end(), [](const auto& body) { return !body; });
    held.has_key = !row.is_null(17);
    claims_.hold(claim.token.delivery, held);
    return claim;
}

// A piece at a time, the longest due first, so that no transaction has all of a large queue; but at least as many as
// can be claimed now. Where order counts, all, or the second might go before the first.
void box_writer::promote(std::int64_t port, const port_claim& wanted, std::int64_t now_unix_ms) {
    if (const auto known = earliest_due_.find(port); known != earliest_due_.end() && known->second > now_unix_ms) {
        return;
    }
    const std::int64_t piece = std::max<std::int64_t>(wanted.count_max, promoted_at_once_max);
    promote_.bind(port, now_unix_ms, wanted.is_ordered ? -1 : piece).run();
    find_earliest_due_.bind(port);
    const bool is_any_later = find_earliest_due_.step() && !find_earliest_due_.is_null(0);
    earliest_due_[port] = is_any_later ? find_earliest_due_.integer(0) : std::numeric_limits<std::int64_t>::max();
    find_earliest_due_.reset();
}

void box_writer::claim_port(const port_claim& wanted, std::int64_t now_unix_ms, std::vector<claimed_delivery>& out) {
    if (careful_ports_.count(wanted.port) > 0) {
        claim_sound(wanted, out);
        return;
    }
    const std::int64_t port = port_id(wanted.port);
    promote(port, wanted, now_unix_ms);
    if (wanted.only_on_backup) {
        claim_on_backup(wanted, port, out);
    } else if (wanted.is_ordered) {
        claim_ordered(wanted, port, out);
    } else {
        ordered_ports_.erase(port);
        is_any_in_order(port) ? claim_once_ordered(wanted, port, out) : claim_by_priority(wanted, port, out);
    }
}

void box_writer::claim_ordered(const port_claim& wanted, std::int64_t port, std::vector<claimed_delivery>& out) {
    if (ordered_ports_.insert(port).second) {
        give_order_key_.bind(port).run();  // those that were published before the port was ordered, and still
                                           // have their turn before them
    }
    claim_first_of_keys(wanted, port, out);
}

// The first of each order key that nothing holds back. Keys have turns: it begins behind the one that was given last
// and goes round, so that those which come first in the alphabet never hold back the others. "" is the one key of a
// port that has one order.
void box_writer::claim_first_of_keys(const port_claim& wanted, std::int64_t port, std::vector<claimed_delivery>& out) {
    const std::size_t wanted_size = out.size() + wanted.count_max;
    const auto turn = last_keys_.find(port);
    const std::optional<std::string> last = turn == last_keys_.end() ? std::nullopt : std::optional(turn->second);
    const auto try_key = [&](const std::string& key) {
        const bool is_given = !is_blocked(wanted, port, key) && claim_first(port, wanted.port, key, out);
        if (is_given && (last || !key.empty())) {
            last_keys_[port] = key;
        }
    };
    const auto try_keys_after = [&](const std::string& first, const std::optional<std::string>& end) {
        std::optional<std::string> key = first;
        while (out.size() < wanted_size && (key = next_order_key(port, *key)) && !(end && *key > *end)) {
            try_key(*key);
        }
    };
    if (last) {
        try_keys_after(*last, std::nullopt);
    }
    if (out.size() < wanted_size) {
        try_key("");
    }
    try_keys_after("", last);
}

// Of a port that is not ordered any more: what was published in order goes so to its end, and before the others that
// were published until then; these by priority.
void box_writer::claim_once_ordered(const port_claim& wanted, std::int64_t port, std::vector<claimed_delivery>& out) {
    const std::size_t wanted_size = out.size() + wanted.count_max;
    claim_first_of_keys(wanted, port, out);
    const std::int64_t after = newest_in_order(port);  // so that those in order are not passed over one by one
    statement others(connection_, select_claim("INDEXED BY delivery_ready",
                                               "d.port=?1 AND d.state=1 AND d.priority=?2 AND d.message>?3 AND"
                                               " d.order_key IS NULL ORDER BY d.message LIMIT ?4")
                                      .c_str());
    for (std::int64_t priority = 1; priority <= priority_count && out.size() < wanted_size; ++priority) {
        const std::size_t of_priority = out.size();
        others.bind(port, priority, after, static_cast<std::int64_t>(wanted_size - of_priority));
        while (others.step()) {
            out.push_back(read_claim(others, wanted.port));
        }
        others.reset();
        activate(out, of_priority);
    }
}

bool box_writer::is_any_in_order(std::int64_t port) {
    is_any_in_order_.bind(port);
    const bool is_any = is_any_in_order_.step();
    is_any_in_order_.reset();
    return is_any;
}

// The last that is ready of all order keys; 0 = none.
std::int64_t box_writer::newest_in_order(std::int64_t port) {
    std::int64_t newest = 0;
    statement of_key(connection_,
                     "SELECT max(message) FROM delivery INDEXED BY delivery_ordered"
                     " WHERE port=? AND state=1 AND order_key IS NOT NULL AND order_key=?");
    for (std::optional<std::string> key{""}; key; key = next_order_key(port, *key)) {
        of_key.bind(port, *key);
        newest = std::max(newest, of_key.step() ? of_key.integer(0) : 0);
        of_key.reset();
    }
    return newest;
}

std::optional<std::string> box_writer::next_order_key(std::int64_t port, const std::string& after) {
    next_order_key_.bind(port, after);
    std::optional<std::string> key;
    if (next_order_key_.step() && !next_order_key_.is_null(0)) {
        key = next_order_key_.text(0);
    }
    next_order_key_.reset();
    return key;
}

bool box_writer::claim_first(std::int64_t port, const std::string& name, const std::string& order_key,
                             std::vector<claimed_delivery>& out) {
    select_ordered_.bind(port, order_key);
    const bool is_there = select_ordered_.step();
    if (is_there) {
        out.push_back(read_claim(select_ordered_, name));
    }
    select_ordered_.reset();
    activate(out, out.size() - (is_there ? 1 : 0));
    return is_there;
}

// By priority, then in order of publication; but one in `oldest_share` goes to the oldest, so that urgent messages that
// keep coming never hold back the others for ever. Where all have the same priority, the first are the oldest.
void box_writer::claim_by_priority(const port_claim& wanted, std::int64_t port, std::vector<claimed_delivery>& out) {
    std::uint32_t& given = given_counts_[port];
    const std::uint32_t for_oldest = std::min((given + wanted.count_max) / oldest_share, wanted.count_max);
    const std::size_t first = out.size();
    if (for_oldest == 0 || has_one_priority(port)) {
        claim_first_ready(port, wanted.port, wanted.count_max, out);
    } else {
        claim_first_ready(port, wanted.port, wanted.count_max - for_oldest, out);
        claim_oldest(port, wanted.port, for_oldest, out);
    }
    given = static_cast<std::uint32_t>(given + out.size() - first) % oldest_share;
}

// While the window of the primary transport is closed. Only what was tried before is looked at, however long the queue.
// What was published in order, before the port had a backup transport, waits for the window.
void box_writer::claim_on_backup(const port_claim& wanted, std::int64_t port, std::vector<claimed_delivery>& out) {
    const std::size_t first = out.size();
    select_on_backup_.bind(port, static_cast<std::int64_t>(wanted.count_max));
    while (select_on_backup_.step()) {
        out.push_back(read_claim(select_on_backup_, wanted.port));
    }
    select_on_backup_.reset();
    activate(out, first);
}

bool box_writer::has_one_priority(std::int64_t port) {
    has_one_priority_.bind(port);
    const bool has_one = has_one_priority_.step() && has_one_priority_.integer(0) != 0;
    has_one_priority_.reset();
    return has_one;
}

// All of them are marked by one statement: it opens the indexes once, however many there are.
void box_writer::claim_first_ready(std::int64_t port, const std::string& name, std::uint32_t count,
                                   std::vector<claimed_delivery>& out) {
    const std::size_t first = out.size();
    std::int64_t last_priority = 0;
    select_ready_.bind(port, static_cast<std::int64_t>(count));
    while (select_ready_.step()) {
        out.push_back(read_claim(select_ready_, name));
        last_priority = select_ready_.integer(18);
    }
    select_ready_.reset();
    const std::size_t claimed = out.size() - first;
    if (claimed < set_size_min) {
        activate(out, first);
        return;
    }
    activate_ready_.bind(port, last_priority, out.back().sequence).run();
    if (static_cast<std::size_t>(sqlite3_changes64(connection_.handle())) != claimed) {
        throw sqlite_error(SQLITE_CORRUPT, "a delivery is ready whose message is not there");
    }
}

// The oldest of each priority are merged: one look-up for each delivery, however long the queue is.
void box_writer::claim_oldest(std::int64_t port, const std::string& name, std::uint32_t count,
                              std::vector<claimed_delivery>& out) {
    std::map<std::int64_t, std::int64_t> priority_of_oldest;  // by sequence
    const auto add_next = [&](std::int64_t priority, std::int64_t after) {
        oldest_of_priority_.bind(port, priority, after);
        if (oldest_of_priority_.step() && !oldest_of_priority_.is_null(0)) {
            priority_of_oldest[oldest_of_priority_.integer(0)] = priority;
        }
        oldest_of_priority_.reset();
    };
    for (std::int64_t priority = 1; priority <= priority_count; ++priority) {
        add_next(priority, 0);
    }
    for (std::uint32_t i = 0; i < count && !priority_of_oldest.empty(); ++i) {
        const auto [sequence, priority] = *priority_of_oldest.begin();
        select_oldest_.bind(port, priority, sequence);
        if (!select_oldest_.step()) {
            select_oldest_.reset();
            throw sqlite_error(SQLITE_CORRUPT, "a delivery is ready whose message is not there");
        }
        out.push_back(read_claim(select_oldest_, name));
        select_oldest_.reset();
        activate(out, out.size() - 1);
        priority_of_oldest.erase(priority_of_oldest.begin());
        add_next(priority, sequence);
    }
}

void box_writer::activate(const std::vector<claimed_delivery>& claims, std::size_t first) {
    for (std::size_t i = first; i < claims.size(); ++i) {
        activate_.bind(claims[i].token.delivery, static_cast<std::int64_t>(claims[i].token.epoch)).run();
    }
}

std::vector<claimed_delivery> box_writer::claim(const std::vector<port_claim>& wanted, std::int64_t now_unix_ms) {
    std::vector<claimed_delivery> out;
    for (const port_claim& one : wanted) {
        claim_port(one, now_unix_ms, out);
    }
    keep_suspect_alone(out);
    return out;
}

// What is claimed when a host dies counts a crash: so the others are not claimed beside a suspect, which may kill it.
void box_writer::keep_suspect_alone(std::vector<claimed_delivery>& claims) {
    const auto suspect =
        std::find_if(claims.begin(), claims.end(), [](const claimed_delivery& one) { return one.crash_count > 0; });
    if (suspect == claims.end() || claims.size() == 1) {
        return;
    }
    claimed_delivery kept = std::move(*suspect);
    for (const claimed_delivery& one : claims) {
        if (one.token.delivery != kept.token.delivery) {
            release_.bind(one.token.delivery).run();
            claims_.end(one.token.delivery);
        }
    }
    claims.clear();
    claims.push_back(std::move(kept));
}

}  // namespace hawser::engine::sqlite
