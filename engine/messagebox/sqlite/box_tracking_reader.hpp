// Looking at deliveries that have ended and are tracked: lists, details and bodies, on a connection of box_reader's
// pool. A listing is a chain of short reads, as delivery_listing's is: by ids, message id or unique id; else in the
// order of publication through the narrowest of three indexes (a port's, those that were not delivered, all).
#pragma once

#include <optional>
#include <set>
#include <vector>

#include "messagebox/message_box.hpp"
#include "messagebox/sqlite/body_files.hpp"
#include "messagebox/sqlite/database.hpp"

namespace hawser::engine::sqlite {

bool wants_open(const delivery_filter& filter) noexcept;   // deliveries that have not ended may be in the list
bool wants_ended(const delivery_filter& filter) noexcept;  // those that have may be

std::vector<delivery_summary> list_tracked(database& connection, const delivery_filter& filter);
std::optional<delivery_detail> show_tracked(database& connection, delivery_id id);

// After the pipeline. Throws std::runtime_error where it is not kept.
std::unique_ptr<body_reader> open_tracked_body(database& connection, const body_files& files, delivery_id id);

// A body that is in memory, as the store's readers give it.
std::unique_ptr<body_reader> read_from(std::string bytes);

}  // namespace hawser::engine::sqlite
