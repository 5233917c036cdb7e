// The table of send ports that `ports list` and `status` share.
#pragma once

#include <string>
#include <vector>

#include "hawser/types.hpp"

namespace hawser::command {

std::string port_table(const std::vector<port_summary>& ports);

}  // namespace hawser::command
