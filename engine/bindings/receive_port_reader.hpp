// Reads and checks the receive ports.
#pragma once

#include <vector>

#include "bindings/bindings.hpp"
#include "bindings/bindings_document.hpp"
#include "bindings/pipeline_reader.hpp"

namespace hawser::engine {

std::vector<receive_port_binding> read_receive_ports(const bindings_document& document, pipeline_reader& pipelines,
                                                     diagnostics& problems);

}  // namespace hawser::engine
