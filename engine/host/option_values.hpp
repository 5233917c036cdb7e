// What CLI11 does not check of the values of options and arguments, for command_line.cpp alone: a whole number's range,
// said so that a person can read it, and that no value is empty. Stateless.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

namespace hawser::command {

CLI::Validator whole_number_from(std::int64_t minimum);

// Of what was parsed: an empty value would count as an option that was left out, and a filter that is left out means
// everything. "" = there is none.
std::string empty_value_problem(const CLI::App& app);

// The same for "--port=", before it is parsed: CLI11 would take the next word for its value.
std::string unfinished_option_problem(int count, const char* const* words);

}  // namespace hawser::command
