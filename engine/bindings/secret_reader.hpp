// A secret in the bindings: {"env": NAME}, {"file": PATH} or {"credential": NAME} (systemd's $CREDENTIALS_DIRECTORY),
// or, with a warning, the text itself.
#pragma once

#include <optional>
#include <string>

#include "base/diagnostics.hpp"
#include "base/secret_text.hpp"
#include "bindings/json_document.hpp"

namespace hawser::engine {

// Nothing: it is reported why there is none. A relative path begins at `base_directory`; a file has at most 64 KiB.
std::optional<secret_text> read_secret(const json_value& value, const std::string& pointer,
                                       const std::string& base_directory, diagnostics& problems);

}  // namespace hawser::engine
