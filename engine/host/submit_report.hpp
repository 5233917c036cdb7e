// What became of one submission, as send and submit print it.
#pragma once

#include <string>

#include "hawser/types.hpp"
#include "host/command_line.hpp"

namespace hawser::command {

// A few lines: what happened, to which message, and for what is not delivered the next command to type.
std::string submit_report(const arguments& given, const submit_answer& answer, const std::string& file);

}  // namespace hawser::command
