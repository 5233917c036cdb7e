// The public types as the JSON of the control protocol, and back. Used by control_server and control_client alone.
// Reading throws bad_frame where a field is missing, of another type, or not one of the words it may be; unknown fields
// are passed over, so that a later version may add some. Stateless.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "hawser/types.hpp"

namespace hawser::engine::control {

class bad_frame : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// One JSON object, at most nesting_depth_max deep; bad_frame otherwise.
nlohmann::json parse_frame(const std::string& text);
// Text that is not UTF-8 is replaced when `is_lenient` (what came from a server), else bad_frame (what a client
// submits).
enum class utf8_rule : std::uint8_t { strict = 1, lenient };
std::string dump_frame(const nlohmann::json& value, utf8_rule rule);

// A part's place among the frame's descriptors, and the position in the file from which it is read.
struct part_place {
    std::size_t index = 0;
    std::int64_t offset = 0;
};
nlohmann::json to_json(const submission& message, const std::vector<part_place>& places);
submission submission_from(const nlohmann::json& value, std::vector<part_place>& places);

nlohmann::json to_json(const submit_options& options);
submit_options submit_options_from(const nlohmann::json& value, bool& wants_progress);

nlohmann::json to_json(const message_filter& filter);
message_filter message_filter_from(const nlohmann::json& value);

nlohmann::json to_json(const message_edits& edits);
message_edits edits_from(const nlohmann::json& value);

nlohmann::json to_json(const std::vector<message_property>& properties);
std::vector<message_property> properties_from(const nlohmann::json& value);

nlohmann::json to_json(const submit_answer& answer);
submit_answer submit_answer_from(const nlohmann::json& value);

nlohmann::json to_json(const change_answer& answer);
change_answer change_answer_from(const nlohmann::json& value);

nlohmann::json to_json(const std::vector<message_summary>& list);
std::vector<message_summary> message_summaries_from(const nlohmann::json& value);

nlohmann::json to_json(const std::vector<message_detail>& list);
std::vector<message_detail> message_details_from(const nlohmann::json& value);

nlohmann::json to_json(const std::vector<port_summary>& list);
std::vector<port_summary> port_summaries_from(const nlohmann::json& value);

nlohmann::json to_json(const std::vector<group_summary>& list);
std::vector<group_summary> group_summaries_from(const nlohmann::json& value);

nlohmann::json to_json(const std::vector<receive_port_summary>& list);
std::vector<receive_port_summary> receive_port_summaries_from(const nlohmann::json& value);

nlohmann::json to_json(const reload_options& options);
reload_options reload_options_from(const nlohmann::json& value);

nlohmann::json to_json(const reload_answer& answer);
reload_answer reload_answer_from(const nlohmann::json& value);

nlohmann::json to_json(const host_status& status);
host_status host_status_from(const nlohmann::json& value);

}  // namespace hawser::engine::control
