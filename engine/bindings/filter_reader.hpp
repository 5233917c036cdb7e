// Reads a filter: {"anyOf": [{"allOf": [["BTS.ReceivePortName", "==", "Invoices"], …]}, …]}.
#pragma once

#include <string>

#include "bindings/bindings.hpp"
#include "bindings/json_document.hpp"

namespace hawser::engine {

filter_groups read_filter(const json_value& filter, const std::string& pointer, diagnostics& problems);

}  // namespace hawser::engine
