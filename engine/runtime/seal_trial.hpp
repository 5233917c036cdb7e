// Whether a send port's components would seal a message now: asked of themselves, so that the answer cannot be another
// than a message gets.
#pragma once

#include <optional>

#include "pipeline/pipeline.hpp"
#include "runtime/loaded_configuration.hpp"

namespace hawser::engine {

// Lets those of the port's components that seal do so with a sample, and reads it to its end; nothing leaves. nullopt:
// they would, or which certificates they need is known of a real message only.
std::optional<pipeline_failure> try_seal(const loaded_configuration& loaded, const engine_services& services,
                                         const send_port_binding& binding);

}  // namespace hawser::engine
