// Deliveries that wait for more than their turn: held for a stopped group until it is started, and set aside when
// their port goes. A bounded number of rows each call, found by an index, so that a million of them never hold up the
// writer.
#include <array>
#include <span>

#include "base/clock.hpp"
#include "messagebox/sqlite/box_writer.hpp"
#include "messagebox/sqlite/schema.hpp"

namespace hawser::engine::sqlite {
namespace {

constexpr const char* release_some =
    "UPDATE delivery SET state=iif(due>?3,2,1), held_for=0 WHERE id IN (SELECT id FROM delivery"
    " INDEXED BY delivery_held WHERE state=-1 AND held_for=?1 ORDER BY message LIMIT ?2)";

constexpr const char* held_for_group = "INDEXED BY delivery_held WHERE state=-1 AND held_for=?1";
constexpr std::array waiting_of_port{"INDEXED BY delivery_held_by_port WHERE state=-1 AND port=?1",
                                     "INDEXED BY delivery_ready WHERE state=1 AND port=?1",
                                     "INDEXED BY delivery_later WHERE state=2 AND port=?1"};

}  // namespace

std::int64_t box_writer::group_id(const std::string& name) {
    if (const auto known = groups_.find(name); known != groups_.end()) {
        return known->second;
    }
    find_group_.bind(name);
    std::int64_t id = find_group_.step() ? find_group_.integer(0) : 0;
    find_group_.reset();
    if (id == 0) {
        insert_group_.bind(name).run();
        id = sqlite3_last_insert_rowid(connection_.handle());
    }
    groups_[name] = id;
    return id;
}

commit_answer box_writer::apply_one(const release_held_operation& one) {
    statement release(connection_, release_some);
    release.bind(group_id(one.group), static_cast<std::int64_t>(one.count_max), system_clock().unix_ms()).run();
    commit_answer done;
    done.count = static_cast<std::uint64_t>(sqlite3_changes(connection_.handle()));
    earliest_due_.clear();
    return done;
}

std::uint64_t box_writer::suspend_some(const char* which, std::int64_t id, const suspend_waiting_operation& how,
                                       std::uint64_t count_max) {
    const std::string sql =
        "UPDATE delivery SET state=4, held_for=0, code=?3, text=?4 WHERE id IN (SELECT id FROM delivery " +
        std::string(which) + " LIMIT ?2)";
    statement suspend(connection_, sql.c_str());
    suspend.bind(id, static_cast<std::int64_t>(count_max), how.code, how.text).run();
    return static_cast<std::uint64_t>(sqlite3_changes(connection_.handle()));
}

commit_answer box_writer::apply_one(const suspend_waiting_operation& one) {
    commit_answer done;
    if (one.port.empty()) {
        done.count = suspend_some(held_for_group, group_id(one.group), one, one.count_max);
    }
    for (const char* which : one.port.empty() ? std::span<const char* const>{} : waiting_of_port) {
        done.count += suspend_some(which, port_id(one.port), one, one.count_max - done.count);
    }
    depth_ -= static_cast<std::int64_t>(done.count);
    return done;
}

}  // namespace hawser::engine::sqlite
