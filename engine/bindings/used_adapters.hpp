// By which adapters a send port may send, and what a port's pipeline says that has no effect with them.
#pragma once

#include <set>
#include <string>

#include "bindings/bindings.hpp"
#include "bindings/component_catalogue.hpp"

namespace hawser::engine {

// Those that a message may be sent by: of a dynamic port, whose location has to be allowed, no others than those of the
// allowed schemes.
std::set<std::string> used_adapters(const send_port_binding& port, const component_catalogue& catalogue);

// Warns of each property that is written down and has no effect where the adapter composes the mail, or does not.
void check_composer_effects(const send_port_binding& port, const component_catalogue& catalogue, diagnostics& problems);

}  // namespace hawser::engine
