// The JSON Schema (draft 2020-12) of a bindings file, joined from its fixed part and what the loaded plugins declare.
#pragma once

#include <string>

#include "bindings/component_catalogue.hpp"

namespace hawser::engine {

std::string make_json_schema(const component_catalogue& catalogue);

}  // namespace hawser::engine
