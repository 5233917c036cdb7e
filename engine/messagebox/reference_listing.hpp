// The reference store's looks: everything is gone through, whatever is asked. Test code; called under the store's lock.
#pragma once

#include <optional>
#include <vector>

#include "messagebox/reference_box.hpp"

namespace hawser::engine::test {

message_context context_of(const reference_delivery& delivery, const reference_message& message);
std::vector<part_info> parts_of(const reference_message& message);
delivery_summary summary_of(const reference_delivery& delivery, const reference_message& message);

std::vector<delivery_summary> list_reference(const reference_data& data, const delivery_filter& filter);
std::optional<delivery_detail> show_reference(const reference_data& data, delivery_id id);
std::vector<port_counts> count_reference(const reference_data& data);
std::vector<held_count> count_held_reference(const reference_data& data);
void prune_reference(reference_data& data, const tracking_retention& limits, std::int64_t now_unix_ms);

}  // namespace hawser::engine::test
