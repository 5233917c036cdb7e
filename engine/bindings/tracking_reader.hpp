// Reads what is kept of deliveries that have ended: a port's "tracking", the host's limits for all of it, and the
// properties that messages are found by.
#pragma once

#include "bindings/bindings.hpp"
#include "bindings/field_reader.hpp"

namespace hawser::engine {

tracking_binding read_tracking(field_reader& port, diagnostics& problems);
retention_binding read_retention(field_reader& host, diagnostics& problems);
std::vector<std::string> read_indexed_properties(field_reader& message_box, diagnostics& problems);

}  // namespace hawser::engine
