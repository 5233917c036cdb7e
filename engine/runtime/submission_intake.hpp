// Turns a submission into a publication: checks it, reads and stages its bodies, routes it. Thread-safe; blocks on
// reading.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "hawser/types.hpp"
#include "messagebox/message_box.hpp"

namespace hawser::engine {

inline constexpr std::size_t submission_key_size_max = 255;

// What the host knows of ports when something is submitted.
struct intake_ports {
    // The ports that take this message; code "no_subscriber" or "no_port" where none does.
    std::function<result<std::vector<new_delivery>>(const std::string& port, const message_context& context)> route;
};

// Codes: bad_input, no_subscriber, not_accepted (the store refused a body).
result<publication> take_submission(const submission& message, message_box& box, const intake_ports& ports,
                                    const std::function<void(std::uint64_t)>& on_progress);

// The context and part list alone, for preview.
result<message_context> read_context(const submission& message, const std::string& message_id);
result<part_info> read_part_info(const submission_part& part, bool is_body);

}  // namespace hawser::engine
