// The loaded plugins as the bindings loader and the command's help see them, and the making of their instances.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bindings/component_catalogue.hpp"
#include "hawser/types.hpp"
#include "plugins/bridge/instance_host.hpp"
#include "plugins/plugin_registry.hpp"

namespace hawser::engine {

class plugin_catalogue final : public component_catalogue {
public:
    plugin_catalogue(const plugin_registry& registry, const engine_services& services)
        : registry_(registry), services_(services) {}

    const hawser_descriptor* find(std::uint32_t kind, const std::string& id) const override;
    std::vector<std::string> names(std::uint32_t kind) const override;
    void validate(std::uint32_t kind, const std::string& id, const typed_properties& properties,
                  const problem_function& report) const override;

private:
    const plugin_registry& registry_;
    const engine_services& services_;
};

// Properties by JSON pointer, as an instance reads them.
instance_config make_config(const typed_properties& properties);

std::vector<plugin_help> describe_plugins(const plugin_registry& registry);

}  // namespace hawser::engine
