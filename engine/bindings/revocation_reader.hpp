// Reads what "host.certificates" says about revocation.
#pragma once

#include <string>

#include "bindings/field_reader.hpp"

namespace hawser::engine {

// `base` is the folder that relative paths begin at.
revocation_binding read_revocation(field_reader& certificates, const std::string& base);

}  // namespace hawser::engine
