// The deliveries that fit a filter, in order of publication: what `hawser messages list` and bulk changes read. Called
// by box_reader on a connection of its own. A listing is a chain of short reads (a bounded number of rows each), so
// that none, however long, holds up a checkpoint; a row that changes between two of them is shown as it was when it was
// read.
//
// The narrowest way in is taken: given ids, a message id, the property index, the partial indexes of the states or of a
// small port; else ranges of the delivery table. What costs more is looked at only in rows that passed what costs less:
// the context last.
//
// Numbers of messages and deliveries come from one counter, a message's deliveries right after it: an order of ids is
// an order of publication, and a time is an id, found by bisection. Publication times may run backward by
// `clock_slack_ms` (a corrected clock, a body that was staged for long); messages further out of order may be missed by
// a time filter.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "messagebox/message_box.hpp"
#include "messagebox/sqlite/database.hpp"

namespace hawser::engine::sqlite {

// The columns that read_summary takes, `FROM delivery d JOIN message m JOIN port p`, up to WHERE.
std::string select_summary(const std::string& further_columns);
inline constexpr int summary_column_count = 13;
delivery_summary read_summary(const statement& row);

class delivery_listing {
public:
    delivery_listing(database& connection, const delivery_filter& filter);

    std::vector<delivery_summary> take();  // up to filter.count_max of them

private:
    struct id_range {
        delivery_id first = 0;
        delivery_id last = 0;  // inclusive
    };
    enum class way : std::uint8_t { ids = 1, state_index, property_index, ranges };

    void narrow_by_time();
    void choose_way();
    bool choose_property_index();
    bool is_small_port();
    void read_ranges(statement& rows, std::vector<delivery_summary>& found, std::size_t count_max);
    bool next_ranges();
    void next_table_range(delivery_id end);
    void next_of_states();
    void next_of_property();
    void give_ids(std::vector<delivery_id> ids);
    void give_up_to(std::vector<delivery_id> ids, delivery_id complete_to);
    statement matching() const;

    database& connection_;
    const delivery_filter& filter_;
    const std::string error_;  // in lower case
    std::int64_t port_ = 0;    // 0 = all
    delivery_id next_;         // what is below it has been read, or is not wanted
    delivery_id last_;         // inclusive
    way way_ = way::ranges;
    std::vector<std::int64_t> ports_;  // to look through in a state's index
    std::string indexed_name_;         // of a property that is indexed …
    std::string indexed_value_;        // … the value that is wanted
    std::int64_t indexed_from_ = 0;    // messages from this sequence on are in the index
    std::vector<delivery_id> edited_;  // deliveries whose own properties are not
    std::deque<id_range> ranges_;      // to be read
};

}  // namespace hawser::engine::sqlite
