// The properties that say how a connection must be secured: declared, checked in the bindings, read for a delivery.
#pragma once

#include "smtp_settings.hpp"

namespace hawser::smtp {

void add_tls_properties(config_spec& spec);
void validate_tls(const config& values, problems& found);
tls_policy read_tls_policy(const message& one, const delivery_context& handle);  // throws hawser::failure

}  // namespace hawser::smtp
