#include "pipeline/pipeline.hpp"

#include "base/log.hpp"

namespace hawser::engine {
namespace {

std::string describe_seals(std::uint32_t seals) {
    switch (seals) {
    case 0: return "neither signed nor encrypted";
    case HAWSER_SEAL_SIGNED: return "signed";
    case HAWSER_SEAL_ENCRYPTED: return "encrypted";
    default: return "signed and encrypted";
    }
}

pipeline_failure failure_of(hawser_status status, const std::string& who, const std::string& error) {
    const std::string reason =
        error.empty() ? "it failed with status " + std::to_string(status) + " and gave no reason" : error;
    return {status == HAWSER_TRY_LATER ? "pipeline.try-later" : "pipeline.component",
            who + ": " + printable(reason, 2048), status == HAWSER_TRY_LATER || status == HAWSER_CANCELLED};
}

}  // namespace

component_instance::component_instance(const hawser_descriptor& descriptor, std::string stage,
                                       std::unique_ptr<instance_host> host, std::unique_ptr<instance_config> config,
                                       hawser_instance instance)
    : descriptor_(descriptor),
      stage_(std::move(stage)),
      host_(std::move(host)),
      config_(std::move(config)),
      instance_(instance) {}

component_instance::~component_instance() { table().destroy(instance_.self); }

hawser_status component_instance::execute(working_message& message, std::string& error) {
    error_text sink;
    const std::lock_guard lock(executing_);
    message.begin_component(descriptor_.flags);
    const hawser_status status = table().execute(instance_.self, message.abi(), sink.abi());
    message.end_component();
    error = sink.text();
    return status;
}

std::uint32_t component_instance::configured_seals() const {
    return table().configured_seals == nullptr ? 0 : table().configured_seals(instance_.self);
}

std::string component_instance::title() const { return std::string(from_abi(descriptor_.id)) + " (" + stage_ + ')'; }

pipeline::pipeline(std::vector<std::unique_ptr<component_instance>> components, seal_requirement requirement)
    : components_(std::move(components)) {
    for (const auto& component : components_) {
        if ((component->flags() & HAWSER_FLAG_SEALS) != 0) {
            configured_seals_ |= component->configured_seals();
            has_idle_sealer_ = has_idle_sealer_ || component->configured_seals() == 0;
        }
        defers_context_ = defers_context_ || (component->flags() & HAWSER_FLAG_DEFERS_CONTEXT) != 0;
    }
    switch (requirement) {
    case seal_requirement::as_configured: required_seals_ = configured_seals_; break;
    case seal_requirement::none: required_seals_ = 0; break;
    case seal_requirement::is_signed: required_seals_ = HAWSER_SEAL_SIGNED; break;
    case seal_requirement::encrypted: required_seals_ = HAWSER_SEAL_ENCRYPTED; break;
    case seal_requirement::signed_and_encrypted: required_seals_ = HAWSER_SEAL_SIGNED | HAWSER_SEAL_ENCRYPTED; break;
    }
}

std::optional<pipeline_failure> pipeline::run_component(component_instance& component, working_message& message) {
    std::string error;
    const hawser_status status = component.execute(message, error);
    if (status < 0) {
        return failure_of(status, component.title(), error);
    }
    if (!message.violation().empty()) {
        return pipeline_failure{"pipeline.violation", component.title() + ": " + message.violation()};
    }
    return std::nullopt;
}

std::optional<pipeline_failure> pipeline::run_composer(working_message& message, const compose_function& compose,
                                                       const std::string& adapter_namespace) {
    if (!compose) {
        return std::nullopt;
    }
    std::string error;
    const hawser_status status = compose(message, error);
    if (status < 0) {
        return failure_of(status, "composing the mail", error);
    }
    message.settle(adapter_namespace);
    return std::nullopt;
}

std::optional<pipeline_failure> pipeline::run(working_message& message, const compose_function& compose,
                                              const std::string& adapter_namespace) {
    bool is_composed = false;
    for (const auto& component : components_) {
        if (!is_composed && (component->flags() & HAWSER_FLAG_NEEDS_COMPOSED) != 0) {
            if (auto failure = run_composer(message, compose, adapter_namespace)) {
                return failure;
            }
            is_composed = true;
        }
        if (auto failure = run_component(*component, message)) {
            return failure;
        }
    }
    if (!is_composed) {
        if (auto failure = run_composer(message, compose, adapter_namespace)) {
            return failure;
        }
    }
    // Fail closed: what the port insists on must have been made and reported by a component that seals.
    if (required_seals_ != 0 && message.seals() != required_seals_) {
        return pipeline_failure{
            "pipeline.not-sealed",
            "the port requires a message that is " + describe_seals(required_seals_) +
                ", and the pipeline made one that is " + describe_seals(message.seals()) +
                ": nothing was sent; correct the pipeline, then resume the message or submit it again"};
    }
    return std::nullopt;
}

}  // namespace hawser::engine
