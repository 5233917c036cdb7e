// Checks the "properties" of a handler, a port or a component against what the plugin declares.
#pragma once

#include <string>

#include "bindings/component_catalogue.hpp"
#include "bindings/json_document.hpp"

namespace hawser::engine {

enum class property_level : std::uint8_t { handler = 1, port, component };

// What is wrong is reported; what is right is in the result. Secrets are resolved ({"env"|"file"|"credential": name}).
typed_properties read_properties(const json_value& object, const std::string& pointer,
                                 const hawser_descriptor& descriptor, property_level level,
                                 const std::string& base_directory, diagnostics& problems);

void add_defaults(typed_properties& properties, const hawser_descriptor& descriptor);

// Reports every required property that has no value. `has_address`: one flagged ADDRESS counts as given.
void check_required(const typed_properties& properties, const hawser_descriptor& descriptor, bool has_address,
                    const source_position& position, const std::string& pointer, diagnostics& problems);

// The plugin's own rules; what they say of a property points to where it was written.
void check_plugin_rules(const component_catalogue& catalogue, const hawser_descriptor& descriptor,
                        const typed_properties& properties, const source_position& position, const std::string& pointer,
                        diagnostics& problems);

}  // namespace hawser::engine
