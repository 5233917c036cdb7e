// From the filters on the command line to those of the bus, and the table of messages that list and --dry-run print.
// Stateless.
#pragma once

#include <string>
#include <vector>

#include "hawser/host.hpp"
#include "host/command_line.hpp"

namespace hawser::command {

// Everything but `after` and `count_max`. Ages are counted back from now. Returns "" or what is wrong.
std::string build_filter(const arguments& given, message_filter& into);

// Neither in the bindings nor with messages: where a filter by it finds nothing, its name is wrong.
bool is_unknown_port(hawser::bus& bus, const std::string& name);

std::string message_table(const std::vector<message_summary>& list);

}  // namespace hawser::command
