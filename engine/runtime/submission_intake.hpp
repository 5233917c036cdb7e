// Turns a submission into a publication: checks it, runs the receive pipeline where it names a receive port, reads and
// stages its bodies, routes it. Thread-safe; blocks on reading. What is refused leaves nothing in the box.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "hawser/types.hpp"
#include "messagebox/message_box.hpp"
#include "runtime/received_message.hpp"

namespace hawser::engine {

inline constexpr std::size_t submission_key_size_max = 255;

// A receive port, and what its pipeline needs to run.
struct receive_intake {
    std::shared_ptr<const receive_port_runtime> port;
    messages_under_way& under_way;
    std::string spool_folder;
    // Runs `work` on a worker of the engine and waits for it; `while_waiting` is called meanwhile, and at the end.
    std::function<result<void>(const std::function<void()>& work, const std::function<void()>& while_waiting)>
        on_worker;
};

// What the host knows of ports when something is submitted.
struct intake_ports {
    // The ports that take this message; code "no_subscriber" or "no_port" where none does.
    std::function<result<std::vector<new_delivery>>(const std::string& port, const message_context& context)> route;
    std::function<result<receive_intake>(const std::string& receive_port)> receive;  // code no_subscriber: none such
};

// Codes: bad_input, no_subscriber, not_accepted (the store refused a body).
result<publication> take_submission(const submission& message, message_box& box, const intake_ports& ports,
                                    const std::function<void(std::uint64_t)>& on_progress);

// "" or why a submitter, or an edit, neither sets nor takes away this property: the engine says it, and filters and
// operators trust it.
std::string engine_property_problem(const std::string& name);

// What a submitter or an edit sets; code bad_input.
result<message_context> read_properties(const std::vector<message_property>& given);

// The context and part list alone, for preview.
result<message_context> read_context(const submission& message, const std::string& message_id);
result<message_context> read_received_context(const submission& message, const std::string& message_id,
                                              const std::string& receive_port);
result<std::vector<part_info>> read_part_infos(const submission& message);
result<part_info> read_part_info(const submission_part& part, bool is_body);

}  // namespace hawser::engine
