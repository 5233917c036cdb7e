// What the bindings loader has to know of the loaded plugins. Implemented by runtime over the plugin registry.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "bindings/bindings.hpp"
#include "hawser/abi.h"

namespace hawser::engine {

class component_catalogue {
public:
    // pointer is relative to the properties, "/Subject".
    using problem_function = std::function<void(bool is_error, const std::string& pointer, const std::string& text)>;

    virtual ~component_catalogue() = default;
    virtual const hawser_descriptor* find(std::uint32_t kind, const std::string& id) const = 0;  // nullptr = not loaded
    virtual std::vector<std::string> names(std::uint32_t kind) const = 0;
    // The plugin's own rules over complete properties.
    virtual void validate(std::uint32_t kind, const std::string& id, const typed_properties& properties,
                          const problem_function& report) const = 0;
};

}  // namespace hawser::engine
