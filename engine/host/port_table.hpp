// The table of send ports that `ports list` and `status` share, and the notes below it (status has them as warnings).
#pragma once

#include <string>
#include <vector>

#include "hawser/types.hpp"

namespace hawser::command {

std::string port_table(const std::vector<port_summary>& ports);
std::string port_notes(const std::vector<port_summary>& ports);

}  // namespace hawser::command
