// The tables of send ports and groups that `ports list` and `status` share, and the notes below them (status has those
// as warnings).
#pragma once

#include <string>
#include <vector>

#include "hawser/types.hpp"

namespace hawser::command {

std::string port_table(const std::vector<port_summary>& ports);
std::string port_notes(const std::vector<port_summary>& ports);
std::string group_table(const std::vector<group_summary>& groups);               // "" where there are none
std::string receive_port_table(const std::vector<receive_port_summary>& ports);  // "" where there are none
std::string group_notes(const std::vector<group_summary>& groups);

}  // namespace hawser::command
