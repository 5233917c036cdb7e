// The writer connection's statements and counters: how each operation changes the tables. Used by the writer thread
// only, inside the transaction that the writer opened. A logical refusal (lost, not_found, …) is answered before
// anything of that operation is written; SQL failures throw sqlite_error and the writer rolls back.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "messagebox/message_box.hpp"
#include "messagebox/sqlite/box_health.hpp"
#include "messagebox/sqlite/claim_table.hpp"
#include "messagebox/sqlite/database.hpp"
#include "messagebox/sqlite/publication_gate.hpp"
#include "messagebox/sqlite/schema.hpp"

namespace hawser::engine::sqlite {

// The first `count` bodies of a message row; nullopt = a file. Throws sqlite_error where the row is damaged.
std::vector<std::optional<std::string>> decode_bodies(std::string_view bytes, std::size_t count);

// The statement that reads what a claim gives, by an index ("INDEXED BY …" or "").
std::string select_claim(const char* index, const std::string& which);

// Files that an operation staged, and that are nobody's if it is not carried out.
std::vector<std::int64_t> staged_files(const operation& one);

class box_writer {
public:
    box_writer(database& connection, box_health& health);

    void recover_crashed(std::int64_t now_unix_ms);  // at open: what was active when the last owner died
    commit_answer apply(const operation& one);
    std::vector<claimed_delivery> claim(const std::vector<port_claim>& wanted, std::int64_t now_unix_ms);
    std::int64_t port_id(const std::string& name);
    void give_back_numbers() noexcept;  // at a clean end: the reserved numbers that were not used

    // What the following publications have to pass; nullptr = nothing.
    void limit_publications(publication_gate* gate) noexcept { gate_ = gate; }
    // Deliveries that wait for an attempt or are in one; they are counted at the first call of count_depth, from then
    // on kept. -1 = not counted.
    void count_depth();
    std::int64_t depth() const noexcept { return is_depth_known_ ? depth_ : -1; }

    // Damage. A port that we are careful with is looked through, outside a transaction, before it is claimed from.
    void be_careful_with(const std::string& port) { careful_ports_.insert(port); }
    void look_for_damage(const port_claim& wanted, std::int64_t now_unix_ms);
    void give_up(const claim_token& token, const std::string& why);  // sets aside what was claimed, and is damaged
    int system_error() const noexcept { return sqlite3_system_errno(connection_.handle()); }
    bool has_changed_anything() const noexcept;  // since begin()

    // Pruning, a small piece a call, outside a transaction; true = there may be more of it.
    bool prune_tracked(const tracking_retention& limits, std::int64_t now_unix_ms);
    bool prune_keys(std::int64_t now_unix_ms);
    bool shrink(std::int64_t free_pages_min, int pages);                // gives free pages back to the file system
    bool is_over(const tracking_retention& limits) const noexcept;      // tracking has more bytes than it may
    bool is_far_over(const tracking_retention& limits) const noexcept;  // by more than a tenth

    void begin();
    void commit();
    void roll_back() noexcept;
    void begin_savepoint();  // of one batch within the transaction
    void end_savepoint();
    void roll_back_savepoint();
    std::vector<std::int64_t> take_removed_files() { return std::exchange(removed_files_, {}); }
    database& connection() noexcept { return connection_; }

private:
    commit_answer apply_one(const publish_operation& one);
    commit_answer apply_one(const complete_operation& one);
    commit_answer apply_one(const reschedule_operation& one);
    commit_answer apply_one(const release_operation& one);
    commit_answer apply_one(const suspend_operation& one);
    commit_answer apply_one(const checkpoint_operation& one);
    commit_answer apply_one(const renew_operation& one);
    commit_answer apply_one(const port_state_operation& one);
    commit_answer apply_one(const resume_operation& one);
    commit_answer apply_one(const terminate_operation& one);
    commit_answer apply_one(const index_operation& one);
    commit_answer apply_one(const release_held_operation& one);
    commit_answer apply_one(const suspend_waiting_operation& one);

    std::string refusal_of(const publication& message);
    std::int64_t next_number();
    std::int64_t group_id(const std::string& name);  // 1 or more; makes it where there is none
    std::uint64_t suspend_some(const char* which, std::int64_t id, const suspend_waiting_operation& how,
                               std::uint64_t count_max);
    std::string store_bodies(std::int64_t sequence, const std::vector<new_part>& parts);
    std::optional<std::string> share_part(const stored_part& from, std::int64_t sequence, std::size_t index);
    void index_properties(std::int64_t sequence, const message_context& context);
    void load_indexed();
    void add_history(delivery_id id, const attempt_record& record);
    void end_delivery(delivery_id id, const held_claim& held, const tracked_delivery* tracked);
    bool close_message(std::int64_t sequence);  // one reference less; true = that was the last one
    void end_message(std::int64_t sequence, bool has_files, bool has_key);
    void expire_key(std::int64_t sequence);

    struct ended_delivery {
        tracked_outcome outcome = tracked_outcome::delivered;
        std::int64_t ended_unix_ms = 0;
        std::int64_t attempts = 0;          // the delivery's own where that is more
        const std::string* code = nullptr;  // nullptr = the delivery's
        const std::string* text = nullptr;
    };
    struct tracked_row {
        delivery_id delivery = 0;
        std::int64_t message = 0;
        bool keeps_message = false;
        std::int64_t file = 0;  // 0 = none
        std::int64_t size = 0;  // bytes
    };
    void prepare_tracking();
    void track(delivery_id id, const tracked_delivery& kept, const ended_delivery& how);
    void note_last_delivery(const held_claim& held);
    std::int64_t kept_size(std::int64_t sequence);
    void save_tracked_bytes();
    std::vector<tracked_row> oldest_tracked(const tracking_retention& limits, std::int64_t now_unix_ms);
    void end_tracked(const tracked_row& row);

    void promote(std::int64_t port, const port_claim& wanted, std::int64_t now_unix_ms);
    void claim_port(const port_claim& wanted, std::int64_t now_unix_ms, std::vector<claimed_delivery>& out);
    std::optional<std::string> next_order_key(std::int64_t port, const std::string& after);
    bool claim_first(std::int64_t port, const std::string& name, const std::string& order_key,
                     std::vector<claimed_delivery>& out);
    bool has_one_priority(std::int64_t port);
    void claim_first_ready(std::int64_t port, const std::string& name, std::uint32_t count,
                           std::vector<claimed_delivery>& out);
    void claim_oldest(std::int64_t port, const std::string& name, std::uint32_t count,
                      std::vector<claimed_delivery>& out);
    void activate(const std::vector<claimed_delivery>& claims, std::size_t first);
    void keep_suspect_alone(std::vector<claimed_delivery>& claims);
    void claim_ordered(const port_claim& wanted, std::int64_t port, std::vector<claimed_delivery>& out);
    void claim_first_of_keys(const port_claim& wanted, std::int64_t port, std::vector<claimed_delivery>& out);
    void claim_once_ordered(const port_claim& wanted, std::int64_t port, std::vector<claimed_delivery>& out);
    bool is_any_in_order(std::int64_t port);
    std::int64_t newest_in_order(std::int64_t port);
    void claim_by_priority(const port_claim& wanted, std::int64_t port, std::vector<claimed_delivery>& out);
    void claim_on_backup(const port_claim& wanted, std::int64_t port, std::vector<claimed_delivery>& out);
    void claim_sound(const port_claim& wanted, std::vector<claimed_delivery>& out);
    bool look_through(const port_claim& wanted, std::int64_t port, std::vector<delivery_id>& sound);
    void read_whole(delivery_id id);
    void promote_carefully(const std::string& name, std::int64_t port, std::int64_t now_unix_ms);
    std::vector<delivery_id> candidates(const port_claim& wanted, std::int64_t port);
    std::vector<delivery_id> first_of_each_key(const port_claim& wanted, std::int64_t port);
    std::vector<delivery_id> not_in_order(std::int64_t port);
    void set_aside(delivery_id id, const std::string& port, const std::string& why);
    template <typename Function>
    std::string damage_of_writing(Function&& function);
    bool is_blocked(const port_claim& wanted, std::int64_t port, const std::string& order_key);
    claimed_delivery read_claim(statement& row, const std::string& port);

    database& connection_;
    box_health& health_;
    publication_gate* gate_ = nullptr;
    std::map<std::string, std::int64_t> ports_;
    std::map<std::string, std::int64_t> groups_;
    claim_table claims_;
    std::map<std::int64_t, std::uint32_t> given_counts_;  // by port, since the oldest was last given
    std::map<std::int64_t, std::int64_t> earliest_due_;   // by port; none = to be looked up
    std::map<std::int64_t, std::string> last_keys_;       // by port, of those that have several: given last
    std::set<std::int64_t> ordered_ports_;                // of whose deliveries all that wait have an order key
    std::vector<std::int64_t> removed_files_;
    bool has_indexed_ = false;          // something is in property_value
    std::vector<std::string> indexed_;  // names of properties that are indexed …
    bool is_indexed_known_ = false;     // … as the database has them
    bool has_tracked_ = false;          // something is in tracked
    std::int64_t tracked_bytes_ = 0;
    std::int64_t tracked_bytes_saved_ = 0;
    std::int64_t savepoint_tracked_bytes_ = 0;
    std::size_t savepoint_claims_ = 0;
    std::size_t savepoint_files_ = 0;
    std::int64_t number_ = 0;
    std::int64_t numbers_reserved_ = 0;
    bool is_depth_known_ = false;
    std::int64_t depth_ = 0;
    std::int64_t committed_depth_ = 0;
    std::int64_t savepoint_depth_ = 0;
    std::int64_t changes_at_begin_ = 0;
    std::set<std::string> careful_ports_;                    // something in them is damaged
    std::map<std::string, std::vector<delivery_id>> sound_;  // what the last look found to be claimed from them
    std::set<delivery_id> unreadable_;                       // … and could not even be suspended

    statement begin_, commit_, begin_savepoint_, end_savepoint_;
    statement insert_message_, insert_part_file_, insert_delivery_, find_key_, insert_key_, insert_property_;
    statement share_file_, read_bodies_;
    statement delete_delivery_, delete_attempts_, close_message_, read_open_count_, delete_message_, read_files_,
        delete_files_, expire_key_;
    statement reschedule_, release_, release_later_, suspend_, checkpoint_, insert_attempt_;
    statement insert_port_, find_port_, set_port_state_, insert_group_, find_group_, set_group_state_;
    statement promote_, find_earliest_due_, select_ready_, select_oldest_, select_on_backup_, has_one_priority_,
        oldest_of_priority_, activate_, activate_ready_, is_blocked_, is_any_in_order_, next_order_key_,
        select_ordered_, give_order_key_, delete_properties_;
    statement read_delivery_, resume_, resume_edited_, reserve_numbers_;
    statement track_, has_open_delivery_, read_kept_size_, oldest_tracked_, delete_tracked_, save_tracked_bytes_,
        delete_keys_;
};

}  // namespace hawser::engine::sqlite
