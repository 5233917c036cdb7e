// Reads what only a dynamic port has: which locations a message may name, and a transport for each adapter.
#pragma once

#include "bindings/bindings.hpp"
#include "bindings/component_catalogue.hpp"
#include "bindings/field_reader.hpp"
#include "bindings/transport_reader.hpp"

namespace hawser::engine {

void read_dynamic_addressing(field_reader& fields, send_port_binding& port, transport_reader& transports,
                             const component_catalogue& catalogue, diagnostics& problems);

// Of a static port: refuses them.
void refuse_dynamic_addressing(field_reader& fields);

}  // namespace hawser::engine
