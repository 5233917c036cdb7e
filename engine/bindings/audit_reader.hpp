// Reads the host's audit archives, and which of them a port uses.
#pragma once

#include <string>
#include <vector>

#include "bindings/bindings.hpp"
#include "bindings/component_catalogue.hpp"
#include "bindings/field_reader.hpp"

namespace hawser::engine {

std::vector<audit_archive_binding> read_audit_archives(field_reader& host, const std::string& base_directory,
                                                       diagnostics& problems);

// The port's transports have been read: each of its adapters has to record what it sends.
void read_audit(field_reader& fields, send_port_binding& port, const std::vector<audit_archive_binding>& archives,
                const component_catalogue& catalogue, diagnostics& problems);

}  // namespace hawser::engine
