// A checked bindings file with its plugins: what hawser::load gives, and what hosts are made of.
#pragma once

#include <memory>
#include <string>

#include "bindings/bindings.hpp"
#include "hawser/host.hpp"
#include "plugins/plugin_registry.hpp"
#include "runtime/configuration_difference.hpp"
#include "runtime/plugin_catalogue.hpp"

namespace hawser::engine {

class loaded_configuration final : public hawser::configuration {
public:
    explicit loaded_configuration(std::vector<std::string> plugin_folders);

    std::string json_schema() const override;
    std::vector<plugin_help> plugins() const override { return describe_plugins(registry_); }
    std::string message_box_path() const override { return bindings_.host.message_box_path; }
    configuration_summary summary() const override;

    plugin_registry& registry() noexcept { return registry_; }
    const plugin_registry& registry() const noexcept { return registry_; }
    const plugin_catalogue& catalogue() const noexcept { return catalogue_; }
    const host_bindings& bindings() const noexcept { return bindings_; }
    void set_bindings(host_bindings bindings) { bindings_ = std::move(bindings); }
    const binding_texts& texts() const noexcept { return texts_; }
    void set_texts(binding_texts texts) { texts_ = std::move(texts); }

    static const loaded_configuration& from(const hawser::configuration& one) {
        return dynamic_cast<const loaded_configuration&>(one);
    }

private:
    plugin_registry registry_;
    engine_services services_;  // for validation: time only
    plugin_catalogue catalogue_;
    host_bindings bindings_;
    binding_texts texts_;
};

}  // namespace hawser::engine
