// Reads and checks the "host" object: the message box, certificates, limits, destinations.
#pragma once

#include "bindings/bindings.hpp"
#include "bindings/bindings_document.hpp"
#include "bindings/component_catalogue.hpp"

namespace hawser::engine {

host_binding read_host(const bindings_document& document, const component_catalogue& catalogue, diagnostics& problems);

}  // namespace hawser::engine
