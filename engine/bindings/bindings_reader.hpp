// Checks a bindings document as a whole, with every error at once, and gives the typed bindings.
#pragma once

#include "bindings/bindings.hpp"
#include "bindings/bindings_document.hpp"
#include "bindings/component_catalogue.hpp"

namespace hawser::engine {

host_bindings read_bindings(const bindings_document& document, const component_catalogue& catalogue,
                            diagnostics& problems);

}  // namespace hawser::engine
