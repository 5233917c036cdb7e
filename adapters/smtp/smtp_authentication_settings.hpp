// The properties that say who we are to a server: declared, checked in the bindings, read for a delivery.
#pragma once

#include "smtp_settings.hpp"

namespace hawser::smtp {

std::vector<std::string> mechanisms_of(authentication_way way);  // the strongest first
void add_authentication_properties(config_spec& spec);
void validate_authentication(const config& values, problems& found);
void read_authentication(const message& one, const delivery_context& handle,
                         smtp_endpoint& endpoint);  // throws hawser::failure

}  // namespace hawser::smtp
