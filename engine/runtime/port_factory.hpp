// Makes what delivery runs from what the bindings say: adapter instances, pipelines, ports.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/diagnostics.hpp"
#include "delivery/destination_limits.hpp"
#include "delivery/send_port_runtime.hpp"
#include "hawser/host.hpp"
#include "runtime/loaded_configuration.hpp"
#include "runtime/receive_port.hpp"

namespace hawser::engine {

using adapter_map = std::map<std::string, std::shared_ptr<adapter_instance>>;  // by type

// One instance a send handler that a port uses; those that are kept are taken as they are. Throws std::runtime_error
// naming the plugin and its reason.
adapter_map make_adapters(const loaded_configuration& loaded, const engine_services& services,
                          const adapter_map& kept = {});

// What a send port lends to its messages.
message_environment environment_of(const loaded_configuration& loaded, const send_port_binding& binding);

// Throws as make_adapters().
std::unique_ptr<pipeline> make_send_pipeline(const loaded_configuration& loaded, const engine_services& services,
                                             const send_port_binding& binding);

// HAWSER_SEAL_* that the port's pipeline makes. Throws as make_adapters().
std::uint32_t configured_seals(const loaded_configuration& loaded, const engine_services& services,
                               const send_port_binding& binding);

std::shared_ptr<send_port_runtime> make_port(const loaded_configuration& loaded, const engine_services& services,
                                             const adapter_map& adapters, const send_port_binding& binding);

// Throws as make_adapters does; the services outlive the port.
std::shared_ptr<receive_port_runtime> make_receive_port(const loaded_configuration& loaded,
                                                        const engine_services& services,
                                                        const receive_port_binding& binding);

std::vector<destination_limit> make_destinations(const loaded_configuration& loaded);

// What only shows once certificates are read and pipelines made: for `check`. Nothing is started or connected.
void check_ports(const loaded_configuration& loaded, const load_options& options, diagnostics& problems);

}  // namespace hawser::engine
