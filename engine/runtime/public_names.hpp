// Between the engine's own values and those of the embedding API.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.hpp"
#include "hawser/types.hpp"
#include "messagebox/message_box.hpp"

namespace hawser::engine {

std::optional<delivery_state> state_of(std::string_view name);
answer_code code_of(const error& failure);  // what a refusal means to a client; bad_input where it is no other code
std::vector<message_property> to_public(const message_context& context);
message_summary to_public(const delivery_summary& one);
message_detail to_public(const delivery_detail& one);
bool write_all(int descriptor, std::string_view bytes);

}  // namespace hawser::engine
