// A secret in the bindings: {"env": NAME}, {"file": PATH} or {"credential": NAME} (systemd's $CREDENTIALS_DIRECTORY),
// or, with a warning, the text itself.
#pragma once

#include <string>

#include "base/diagnostics.hpp"
#include "bindings/json_document.hpp"

namespace hawser::engine {

// False: it is reported why there is none. A relative path begins at `base_directory`.
bool read_secret(const json_value& value, const std::string& pointer, const std::string& base_directory,
                 diagnostics& problems, std::string& out);

}  // namespace hawser::engine
