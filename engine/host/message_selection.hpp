// From the filters on the command line to those of the bus, and the table of messages that list and --dry-run print.
// Stateless.
#pragma once

#include <string>
#include <vector>

#include "hawser/types.hpp"
#include "host/command_line.hpp"

namespace hawser::command {

// Everything but `after` and `count_max`. Ages are counted back from now. Returns "" or what is wrong.
std::string build_filter(const arguments& given, message_filter& into);

std::string message_table(const std::vector<message_summary>& list);

}  // namespace hawser::command
