// Reads when a transport sends and tries again: retries, their back-off, and the service window.
#pragma once

#include "bindings/bindings.hpp"
#include "bindings/field_reader.hpp"

namespace hawser::engine {

void read_schedule(field_reader& fields, transport_binding& transport, diagnostics& problems);

}  // namespace hawser::engine
