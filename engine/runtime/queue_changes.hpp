// What operators do with deliveries that are in the box: find them, resume them (edited or not), terminate them, save
// their parts. Called by local_host on any thread; blocks. The box decides what is allowed; each delivery is changed by
// itself and durable before the answer, many of them in one transaction of the box.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "hawser/types.hpp"
#include "messagebox/message_box.hpp"

namespace hawser::engine {

std::vector<delivery_summary> select_deliveries(message_box& box, const message_filter& filter);

using wake_function = std::function<void(const std::string& port)>;

// Code not_found where nothing was changed, bad_input where an edit is none; `skipped` is in order of the numbers.
change_answer resume_deliveries(message_box& box, const message_filter& which, const message_edits& edits,
                                const wake_function& wake);
change_answer terminate_deliveries(message_box& box, const message_filter& which, const wake_function& wake);

// Part "" = the body part. Code not_found: no such delivery or part; bad_input: the descriptor cannot be written.
change_answer save_part(message_box& box, std::int64_t delivery, const std::string& part, int descriptor);

}  // namespace hawser::engine
