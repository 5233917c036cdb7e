// A pipeline of one send or receive port: its component instances in order, run over one message at a time on a worker.
// Components only wrap streams; the work happens when the result is read. Ownership: holds the instances until
// destroyed, after the last stream made by them was closed. Failure: run() answers it, and nothing must be sent or
// published then.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "hawser/abi.h"
#include "plugins/bridge/instance_host.hpp"
#include "plugins/bridge/working_message.hpp"

namespace hawser::engine {

// A component instance: table + self, with the host and the configuration that outlive it.
class component_instance {
public:
    component_instance(const hawser_descriptor& descriptor, std::string stage, std::unique_ptr<instance_host> host,
                       std::unique_ptr<instance_config> config, hawser_instance instance);
    component_instance(const component_instance&) = delete;
    component_instance& operator=(const component_instance&) = delete;
    ~component_instance();

    hawser_status execute(working_message& message, std::string& error);
    std::uint32_t configured_seals() const;
    std::uint32_t flags() const noexcept { return descriptor_.flags; }
    std::string title() const;  // "SMIMEEncoder (encode)"

private:
    const hawser_pipeline_component& table() const noexcept {
        return *static_cast<const hawser_pipeline_component*>(instance_.table);
    }
    const hawser_descriptor& descriptor_;
    std::string stage_;
    std::unique_ptr<instance_host> host_;
    std::unique_ptr<instance_config> config_;
    hawser_instance instance_;
    std::mutex executing_;  // an instance serves one message after another
};

// Which seals a port insists on. `none` switches off what the pipeline's configuration would imply.
enum class seal_requirement : std::uint8_t { as_configured = 1, none, is_signed, encrypted, signed_and_encrypted };

// Settles properties and makes the mail header fields and the entity; empty where the adapter has no composer.
using compose_function = std::function<hawser_status(working_message&, std::string& error)>;

struct pipeline_failure {
    std::string code;           // "pipeline.component", "pipeline.not-sealed", …
    std::string text;           // stage, component and reason
    bool is_transient = false;  // try later, else the message is suspended
};

class pipeline {
public:
    pipeline(std::vector<std::unique_ptr<component_instance>> components, seal_requirement requirement);

    // Runs every component and the composer. `adapter_namespace` ("SMTP") is settled once composed.
    // On success the message's body is what the adapter may send; nullopt = success.
    std::optional<pipeline_failure> run(working_message& message, const compose_function& compose,
                                        const std::string& adapter_namespace);

    std::uint32_t required_seals() const noexcept { return required_seals_; }
    std::uint32_t configured_seals() const noexcept { return configured_seals_; }  // of all components together
    bool defers_context() const noexcept { return defers_context_; }
    bool has_idle_sealer() const noexcept { return has_idle_sealer_; }  // a sealing component configured to do nothing

private:
    std::optional<pipeline_failure> run_component(component_instance& component, working_message& message);
    std::optional<pipeline_failure> run_composer(working_message& message, const compose_function& compose,
                                                 const std::string& adapter_namespace);

    std::vector<std::unique_ptr<component_instance>> components_;
    std::uint32_t required_seals_ = 0;
    std::uint32_t configured_seals_ = 0;
    bool defers_context_ = false;
    bool has_idle_sealer_ = false;
};

}  // namespace hawser::engine
