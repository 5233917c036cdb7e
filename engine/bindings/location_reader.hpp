// Reads location patterns (message/location_pattern.hpp) and checks them against the schemes of the loaded adapters.
#pragma once

#include <string>
#include <vector>

#include "bindings/component_catalogue.hpp"
#include "bindings/json_document.hpp"

namespace hawser::engine {

std::string address_scheme(const hawser_descriptor& adapter);  // "mailto", in lower case

// "" where the value is none, which is reported.
std::string read_location_pattern(const json_value& value, const std::string& pointer,
                                  const component_catalogue& catalogue, diagnostics& problems);

}  // namespace hawser::engine
