// What differs between two checked bindings files, for a reload to say and to decide what it can keep. Stateless.
#pragma once

#include <map>
#include <string>

#include "bindings/bindings.hpp"
#include "bindings/json_document.hpp"
#include "hawser/types.hpp"

namespace hawser::engine {

// What the bindings say of their ports and groups, by name: equal texts mean the same, wherever in a file they stand.
struct binding_texts {
    std::map<std::string, std::string> ports;  // each with the pipeline that it names
    std::map<std::string, std::string> groups;
    std::map<std::string, std::string> receive_ports;  // each with the pipeline that it names
};
binding_texts read_binding_texts(const json_value& root);

changed_names difference(const std::map<std::string, std::string>& before,
                         const std::map<std::string, std::string>& after);

// Secrets count by their value, wherever that came from.
bool has_same_values(const typed_properties& one, const typed_properties& other);

}  // namespace hawser::engine
