#include "messagebox/sqlite/delivery_listing.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "base/lower_case.hpp"
#include "messagebox/sqlite/listing_filter.hpp"
#include "messagebox/sqlite/listing_limits.hpp"
#include "messagebox/sqlite/schema.hpp"

namespace hawser::engine::sqlite {
namespace {

constexpr std::int64_t ids_of_statement_max = 2'000;  // taken from an index by one statement
constexpr std::int64_t ids_of_port_min = 32;
constexpr std::int64_t ids_of_small_port_max = 20'000;  // a port with no more deliveries is read by its indexes

delivery_state state_of(std::int64_t row, std::int64_t attempts) {
    switch (static_cast<row_state>(row)) {
    case row_state::held:
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
    case delivery_state::queued: return " AND d.state<=2 AND d.total_attempts=0";
    case delivery_state::retrying: return " AND d.state<=2 AND d.total_attempts>0";
    case delivery_state::active: return " AND d.state=3";
    case delivery_state::suspended: return " AND d.state>=4";
    case delivery_state::suspended_not_resumable: return " AND d.state=5";
    case delivery_state::delivered:
    case delivery_state::terminated:
    case delivery_state::failed: return " AND 0";  // see box_tracking_reader
    }
    return "";
}

// A partial index of (port, id) that holds all deliveries of the state, as FROM and WHERE; nullptr = there is none.
const char* index_of(std::optional<delivery_state> state) {
    if (!state || *state == delivery_state::queued) {
        return nullptr;
    }
    return *state == delivery_state::retrying ? "INDEXED BY delivery_retrying WHERE state<=2 AND total_attempts>0"
           : *state == delivery_state::active ? "INDEXED BY delivery_active WHERE state=3"
                                              : "INDEXED BY delivery_suspended WHERE state>=4";
}

// One view of the box, and one lock, for many small statements.
class read_transaction {
public:
    explicit read_transaction(database& connection) : connection_(connection) { connection_.execute("BEGIN"); }
    read_transaction(const read_transaction&) = delete;
    read_transaction& operator=(const read_transaction&) = delete;
    ~read_transaction() { sqlite3_exec(connection_.handle(), "COMMIT", nullptr, nullptr, nullptr); }

private:
    database& connection_;
};

std::vector<std::int64_t> integers(statement& query) {
    std::vector<std::int64_t> all;
    while (query.step()) {
        all.push_back(query.integer(0));
    }
    return all;
}

}  // namespace

std::string select_summary(const std::string& further_columns) {
    return "SELECT d.id, m.message_id, d.unique_id, p.name, d.state, m.published, d.due, d.total_attempts, m.size,"
           " ifnull(d.code,''), ifnull(d.text,''),"
           " CASE d.held_for WHEN 0 THEN '' ELSE (SELECT name FROM port_group WHERE id=d.held_for) END,"
           " CASE WHEN d.order_key IS NULL THEN 0 WHEN d.state=4 THEN d.id WHEN d.state IN (1,2) THEN"
           " (SELECT id FROM (SELECT id, state, order_key FROM delivery INDEXED BY delivery_suspended"
           " WHERE state>=4 AND port=d.port LIMIT 100) WHERE state=4 AND order_key=d.order_key LIMIT 1) ELSE 0 END" +
           further_columns +
           " FROM delivery d NOT INDEXED CROSS JOIN message m ON m.sequence=d.message CROSS JOIN port p ON p.id=d.port"
           " WHERE ";
}

delivery_summary read_summary(const statement& row) {
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
    one.held_for = row.text(11);
    one.order_holder = row.integer(12);
    return one;
}

delivery_listing::delivery_listing(database& connection, const delivery_filter& filter)
    : connection_(connection), filter_(filter), error_(lower_case(filter.error)), next_(filter.after + 1), last_(0) {
    statement newest(connection_, "SELECT max(id) FROM delivery");  // what comes later is not in this listing
    newest.bind();
    last_ = newest.step() ? newest.integer(0) : 0;
    if (!filter_.port.empty()) {
        statement port(connection_, "SELECT id FROM port WHERE name=?");
        port.bind(filter_.port);
        if (port.step()) {
            port_ = port.integer(0);
        } else {
            last_ = 0;  // nothing can fit
        }
    }
    narrow_by_time();
    choose_way();
}

void delivery_listing::narrow_by_time() {
    if (filter_.published_from_unix_ms) {
        next_ =
            std::max(next_, first_published_at(connection_, "message", "sequence",
                                               *filter_.published_from_unix_ms - clock_slack_ms, neighbour::latest));
    }
    if (filter_.published_before_unix_ms) {
        last_ = std::min(last_,
                         first_published_at(connection_, "message", "sequence",
                                            *filter_.published_before_unix_ms + clock_slack_ms, neighbour::earliest) -
                             1);
    }
}

void delivery_listing::choose_way() {
    if (!filter_.ids.empty()) {
        give_ids(filter_.ids);
        way_ = way::ids;
    } else if (!filter_.message_id.empty()) {
        statement ids(connection_,
                      "SELECT id FROM delivery WHERE message IN (SELECT sequence FROM message WHERE message_id=?)");
        ids.bind(filter_.message_id);
        give_ids(integers(ids));
        way_ = way::ids;
    } else if (choose_property_index()) {
        way_ = way::property_index;
    } else if (index_of(filter_.state) != nullptr) {
        way_ = way::state_index;
        statement ports(connection_, port_ == 0 ? "SELECT id FROM port WHERE ?1=0" : "SELECT ?1");
        ports.bind(port_);
        ports_ = integers(ports);
    } else if (port_ != 0 && is_small_port()) {
        way_ = way::ids;
    }
}

// Takes all deliveries of a port that has few, from the indexes that hold each delivery once.
bool delivery_listing::is_small_port() {
    statement query(
        connection_,
        "SELECT id FROM (SELECT id FROM delivery INDEXED BY delivery_ready WHERE state=1 AND port=?1 UNION ALL"
        " SELECT id FROM delivery INDEXED BY delivery_held_by_port WHERE state=-1 AND port=?1 UNION ALL"
        " SELECT id FROM delivery INDEXED BY delivery_later WHERE state=2 AND port=?1 UNION ALL"
        " SELECT id FROM delivery INDEXED BY delivery_active WHERE state=3 AND port=?1 UNION ALL"
        " SELECT id FROM delivery INDEXED BY delivery_suspended WHERE state>=4 AND port=?1) LIMIT ?2");
    query.bind(port_, ids_of_small_port_max + 1);
    std::vector<delivery_id> ids = integers(query);
    if (static_cast<std::int64_t>(ids.size()) > ids_of_small_port_max) {
        return false;
    }
    give_ids(std::move(ids));
    return true;
}

// An indexed property of the filter, with those whose context was edited since: their own values are not indexed.
bool delivery_listing::choose_property_index() {
    for (const auto& [name, value] : filter_.properties) {
        if (value.size() > indexed_value_size_max) {
            continue;
        }
        statement marker(connection_, "SELECT value FROM counter WHERE name=?");
        const std::string key = indexed_property_prefix + name;
        marker.bind(key);
        if (marker.step()) {
            indexed_from_ = marker.integer(0);
            indexed_name_ = name;
            indexed_value_ = value;
            statement edited(
                connection_,
                "SELECT id FROM delivery INDEXED BY delivery_edited WHERE overlay IS NOT NULL ORDER BY id");
            edited.bind();
            edited_ = integers(edited);
            return true;
        }
    }
    return false;
}

void delivery_listing::give_ids(std::vector<delivery_id> ids) {
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    for (const delivery_id id : ids) {
        if (id >= next_ && id <= last_) {
            ranges_.push_back({id, id});
        }
    }
}

// Puts what is to be read next into ranges_, if only to move on; false = there is no more.
bool delivery_listing::next_ranges() {
    if (way_ == way::ids || next_ > last_) {  // given ids were all there from the start
        return false;
    }
    if (way_ == way::state_index) {
        next_of_states();
    } else if (way_ == way::property_index && next_ >= indexed_from_) {
        next_of_property();
    } else {
        next_table_range(way_ == way::property_index ? std::min(last_, indexed_from_ - 1) : last_);
    }
    return true;
}

void delivery_listing::next_table_range(delivery_id end) {
    statement first(connection_, "SELECT id FROM delivery WHERE id>=? AND id<=? ORDER BY id LIMIT 1");
    first.bind(next_, end);
    next_ = end + 1;
    if (first.step()) {
        const delivery_id id = first.integer(0);
        ranges_.push_back({id, std::min(end, id + listing_range_size - 1)});
        next_ = ranges_.back().last + 1;
    }
}

// The index gives the ids of each port in order: as many of all ports as are known without a gap.
void delivery_listing::next_of_states() {
    const auto port_count = static_cast<std::int64_t>(ports_.size());
    const std::int64_t of_port_max =
        std::max(ids_of_port_min, ids_of_statement_max / std::max<std::int64_t>(port_count, 1));
    const std::string sql = "SELECT id FROM delivery " + std::string(index_of(filter_.state)) +
                            " AND port=? AND id>=? AND id<=? ORDER BY id LIMIT ?";
    statement query(connection_, sql.c_str());
    std::vector<delivery_id> ids;
    delivery_id complete_to = last_;
    for (const std::int64_t port : ports_) {
        query.bind(port, next_, last_, of_port_max);
        const std::vector<delivery_id> of_port = integers(query);
        if (static_cast<std::int64_t>(of_port.size()) == of_port_max) {
            complete_to = std::min(complete_to, of_port.back());
        }
        ids.insert(ids.end(), of_port.begin(), of_port.end());
    }
    give_up_to(std::move(ids), complete_to);
}

void delivery_listing::next_of_property() {
    statement query(connection_,
                    "SELECT d.id FROM property_value v CROSS JOIN delivery d INDEXED BY delivery_by_message"
                    " ON d.message=v.message WHERE v.name=?1 AND v.value=?2"
                    " AND v.message>=ifnull((SELECT max(sequence) FROM message WHERE sequence<=?3),0) AND d.id>=?3"
                    " ORDER BY v.message, d.id LIMIT ?4");
    query.bind(indexed_name_, indexed_value_, next_, ids_of_statement_max);
    std::vector<delivery_id> ids = integers(query);
    const bool is_cut = static_cast<std::int64_t>(ids.size()) == ids_of_statement_max;
    const delivery_id complete_to = is_cut ? ids.back() : last_;
    ids.insert(ids.end(), edited_.begin(), edited_.end());
    give_up_to(std::move(ids), complete_to);
}

// What an index gave, as far as it is without a gap.
void delivery_listing::give_up_to(std::vector<delivery_id> ids, delivery_id complete_to) {
    ids.erase(std::remove_if(ids.begin(), ids.end(), [complete_to](delivery_id id) { return id > complete_to; }),
              ids.end());
    give_ids(std::move(ids));
    next_ = complete_to + 1;
}

// Everything that the filter says but the properties, over the deliveries ?1 to ?2.
statement delivery_listing::matching() const {
    std::string sql = select_summary(filter_.properties.empty() ? "" : ", ifnull(d.overlay, m.context)");
    sql += "d.id>=?1 AND d.id<=?2";
    sql += filter_.state ? condition_of(*filter_.state) : "";
    sql += port_ != 0 ? " AND d.port=?3" : "";
    sql += filter_.unique_id.empty() ? "" : " AND d.unique_id=?4";
    // Not LIKE: a bound pattern would have the statement prepared anew for each range.
    sql += filter_.error.empty() ? "" : " AND (instr(lower(d.code),?5) OR instr(lower(d.text),?5))";
    sql += filter_.message_id.empty() ? "" : " AND m.message_id=?6";
    sql += filter_.published_from_unix_ms ? " AND m.published>=?7" : "";
    sql += filter_.published_before_unix_ms ? " AND m.published<?8" : "";
    sql += " ORDER BY d.id LIMIT ?9";
    return {connection_, sql.c_str()};
}

// Reads ranges until the list is full, at most as many of them as an index gives at once.
void delivery_listing::read_ranges(statement& rows, std::vector<delivery_summary>& found, std::size_t count_max) {
    const read_transaction one_view(connection_);
    for (std::int64_t i = 0; i < ids_of_statement_max && !ranges_.empty() && found.size() < count_max; ++i) {
        const id_range range = ranges_.front();
        ranges_.pop_front();
        rows.bind(range.first, range.last, port_, filter_.unique_id, error_, filter_.message_id,
                  filter_.published_from_unix_ms.value_or(0), filter_.published_before_unix_ms.value_or(0),
                  filter_.properties.empty() ? static_cast<std::int64_t>(count_max - found.size()) : std::int64_t{-1});
        while (found.size() < count_max && rows.step()) {
            if (filter_.properties.empty() || has_properties(rows.text(summary_column_count), filter_.properties)) {
                found.push_back(read_summary(rows));
            }
        }
        rows.reset();
    }
}

std::vector<delivery_summary> delivery_listing::take() {
    const std::size_t count_max = std::min(filter_.count_max, list_count_max);
    std::vector<delivery_summary> found;
    statement rows = matching();
    while (found.size() < count_max && (!ranges_.empty() || next_ranges())) {
        read_ranges(rows, found, count_max);
    }
    return found;
}

}  // namespace hawser::engine::sqlite
