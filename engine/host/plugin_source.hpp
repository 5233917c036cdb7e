// Where `plugins` and `schema` take their plugins from: a bindings file, or without one the built-in plugins.
#pragma once

#include <memory>
#include <string>

#include "hawser/host.hpp"
#include "host/command_line.hpp"

namespace hawser::command {

// Null after printing what is wrong; then the exit code is exit_code::bad_bindings.
std::unique_ptr<configuration> load_plugins_or_complain(const arguments& given, const std::string& bindings);

}  // namespace hawser::command
