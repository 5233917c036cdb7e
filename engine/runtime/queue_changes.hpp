// What operators do with deliveries that are in the box: find them, resume them (edited or not), terminate them, save
// their parts. Called by local_host on any thread; blocks. The box decides what is allowed; each delivery is changed by
// itself and durable before the answer, many of them in one transaction of the box.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "hawser/types.hpp"
#include "messagebox/message_box.hpp"

namespace hawser::engine {

std::vector<delivery_summary> select_deliveries(message_box& box, const message_filter& filter);

using wake_function = std::function<void(const std::string& port)>;
// What a port's tracking keeps of a delivery that an operator ends; nullopt = nothing.
using track_function = std::function<std::optional<tracked_delivery>(const std::string& port)>;

// Code not_found where nothing was changed, bad_input where an edit is none; `skipped` is in order of the numbers.
change_answer resume_deliveries(message_box& box, const message_filter& which, const message_edits& edits,
                                const wake_function& wake);
change_answer terminate_deliveries(message_box& box, const message_filter& which, const wake_function& wake,
                                   const track_function& track);

// Part "" = the body part. After the pipeline there is one body and no parts. Code not_found: no such delivery or part,
// or it is not kept; bad_input: the descriptor cannot be written. Throws std::runtime_error where the stored body
// cannot be read or is damaged: what was written by then is not the whole.
change_answer save_part(message_box& box, std::int64_t delivery, const std::string& part, content_point point,
                        int descriptor);

}  // namespace hawser::engine
