// Loads one plugin file, once a process: checks it before any of its code runs, then keeps it for good. Thread-safe.
#pragma once

#include <string>

#include "base/result.hpp"
#include "hawser/abi.h"

namespace hawser::engine {

result<const hawser_entry*> load_plugin_library(const std::string& absolute_path);

}  // namespace hawser::engine
