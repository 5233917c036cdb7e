// Reads and checks the send ports with their transports and pipelines.
#pragma once

#include "bindings/bindings.hpp"
#include "bindings/bindings_document.hpp"
#include "bindings/component_catalogue.hpp"
#include "bindings/pipeline_reader.hpp"

namespace hawser::engine {

// `so_far` has the host and the send handlers.
std::vector<send_port_binding> read_send_ports(const bindings_document& document, const component_catalogue& catalogue,
                                               pipeline_reader& pipelines, const host_bindings& so_far,
                                               diagnostics& problems);

}  // namespace hawser::engine
