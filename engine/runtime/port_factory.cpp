#include "runtime/port_factory.hpp"

#include <filesystem>
#include <set>
#include <stdexcept>

#include "bindings/location_reader.hpp"
#include "certificates/certificate_store.hpp"
#include "runtime/certificate_use.hpp"
#include "runtime/certificate_view.hpp"

namespace hawser::engine {
namespace {

std::runtime_error creation_failure(const std::string& id, const std::string& reason) {
    return std::runtime_error("the plugin of " + id +
                              " could not make an instance: " + (reason.empty() ? "no reason was given" : reason));
}

std::unique_ptr<component_instance> make_component(const loaded_configuration& loaded, const engine_services& services,
                                                   const component_binding& binding) {
    const loaded_component* plugin = loaded.registry().find(HAWSER_KIND_PIPELINE_COMPONENT, binding.component);
    auto host = std::make_unique<instance_host>(services, binding.component, plugin->descriptor->flags);
    auto config = std::make_unique<instance_config>(make_config(binding.properties));
    hawser_instance instance{};
    error_text error;
    const hawser_status status =
        plugin->factory->create(plugin->factory, host->abi(), plugin->index, config->abi(), &instance, error.abi());
    if (status < 0 || instance.table == nullptr ||
        static_cast<const hawser_pipeline_component*>(instance.table)->struct_size <
            sizeof(hawser_pipeline_component)) {
        throw creation_failure(binding.component, error.text());
    }
    return std::make_unique<component_instance>(*plugin->descriptor, binding.stage_name, std::move(host),
                                                std::move(config), instance);
}

std::vector<std::unique_ptr<component_instance>> make_components(const loaded_configuration& loaded,
                                                                 const engine_services& services,
                                                                 const std::vector<component_binding>& bindings) {
    std::vector<std::unique_ptr<component_instance>> components;
    for (const component_binding& one : bindings) {
        components.push_back(make_component(loaded, services, one));
    }
    return components;
}

property_type context_type(std::uint32_t spec_type) {
    switch (spec_type) {
    case HAWSER_TYPE_INTEGER: return property_type::integer;
    case HAWSER_TYPE_BOOLEAN: return property_type::boolean;
    case HAWSER_TYPE_DATE_TIME: return property_type::date_time;
    default: return property_type::string;
    }
}

// The values that a secret is guarded by: those of the level at which it was configured.
std::map<std::string, std::string> guards_of(const hawser_descriptor& descriptor, const typed_properties& level) {
    const std::string prefix = std::string(from_abi(descriptor.property_namespace)) + '.';
    std::map<std::string, std::string> guards;
    for (std::uint32_t i = 0; i < descriptor.property_count; ++i) {
        const hawser_property_spec& spec = *descriptor.properties[i];
        if ((spec.flags & HAWSER_SPEC_GUARDS_SECRETS) != 0) {
            const std::string name(from_abi(spec.name));
            const auto value = level.find(name);
            guards[prefix + name] =
                value != level.end() ? value->second.text : std::string(from_abi(spec.default_value));
        }
    }
    return guards;
}

// What every message of the transport is given. Throws std::runtime_error.
message_context::shared_properties properties_of(const transport_binding& binding, const std::string& prefix,
                                                 const std::string& address_property) {
    message_context context;
    const auto give = [&context](const std::string& name, const std::string& value, property_type type) {
        if (const result<void> done = context.set(name, {value, type, property_origin::bindings, false}); !done) {
            throw std::runtime_error(done.error().text);
        }
    };
    for (const auto& [name, value] : binding.properties) {
        if (!value.is_secret) {
            give(prefix + name, value.text, context_type(value.type));
        }
    }
    if (!address_property.empty() && !binding.address.empty() && context.find(address_property) == nullptr) {
        give(address_property, binding.address, property_type::string);
    }
    return std::make_shared<const message_context::map_type>(context.all());
}

// The host's account is for what its send handlers name, and for nothing that a port or a message does: its password is
// guarded by that, its name is not, so that an adapter can say whom it may not log in as.
void add_service_account(transport_runtime& to, const service_account_binding& account,
                         std::map<std::string, std::string> guards) {
    if (!account.user.empty()) {
        to.secrets.emplace(HAWSER_SECRET_SERVICE_DOMAIN, transport_secret(secret_text(account.domain), {}));
        to.secrets.emplace(HAWSER_SECRET_SERVICE_USER, transport_secret(secret_text(account.user), {}));
        to.secrets.emplace(HAWSER_SECRET_SERVICE_PASSWORD, transport_secret(account.password, std::move(guards)));
    }
}

transport_runtime make_transport(const loaded_configuration& loaded, const adapter_map& adapters,
                                 const transport_binding& binding) {
    const hawser_descriptor& descriptor = *loaded.registry().find(HAWSER_KIND_SEND_ADAPTER, binding.type)->descriptor;
    const std::string prefix = std::string(from_abi(descriptor.property_namespace)) + '.';
    transport_runtime made;
    made.adapter = adapters.at(binding.type);
    made.type = binding.type;
    made.address = binding.address;
    made.retry_count = binding.retry_count;
    made.retry_interval_ms = binding.retry_interval_ms;
    made.backoff = {binding.backoff.factor, binding.backoff.jitter, binding.backoff.interval_max_ms};
    if (binding.window) {
        made.window = service_window{binding.window->from_minute, binding.window->to_minute, binding.window->weekdays,
                                     binding.window->time_zone};
    }
    made.address_scheme = address_scheme(descriptor);
    for (const auto& [name, value] : binding.properties) {
        if (value.is_secret) {
            const bool is_handlers = value.is_from_handler;
            made.secrets.emplace(
                name, transport_secret(value.secret, guards_of(descriptor, is_handlers ? binding.handler_properties
                                                                                       : binding.properties)));
        }
    }
    add_service_account(made, loaded.bindings().host.service_account,
                        guards_of(descriptor, binding.handler_properties));
    for (std::uint32_t i = 0; i < descriptor.property_count; ++i) {
        const hawser_property_spec& spec = *descriptor.properties[i];
        const std::string name = prefix + std::string(from_abi(spec.name));
        if ((spec.flags & HAWSER_SPEC_RECIPIENTS) != 0) {
            made.recipient_properties.push_back(name);
        }
        if ((spec.flags & HAWSER_SPEC_ADDRESS) != 0) {
            made.address_property = name;
        }
    }
    made.properties = properties_of(binding, prefix, made.address_property);
    return made;
}

}  // namespace

adapter_map make_adapters(const loaded_configuration& loaded, const engine_services& services,
                          const adapter_map& kept) {
    std::set<std::string> used;
    for (const send_port_binding& port : loaded.bindings().send_ports) {
        used.insert(port.primary.type);
        if (port.backup) {
            used.insert(port.backup->type);
        }
        for (const transport_binding& one : port.dynamic_transports) {
            used.insert(one.type);
        }
    }
    adapter_map adapters;
    for (const std::string& type : used) {
        if (const auto found = kept.find(type); found != kept.end()) {
            adapters.insert(*found);
            continue;
        }
        const loaded_component* plugin = loaded.registry().find(HAWSER_KIND_SEND_ADAPTER, type);
        auto host = std::make_unique<instance_host>(services, type, plugin->descriptor->flags);
        typed_properties properties = loaded.bindings().send_handlers.at(type).properties;
        for (std::uint32_t i = 0; i < plugin->descriptor->property_count; ++i) {
            const hawser_property_spec& spec = *plugin->descriptor->properties[i];
            if (spec.default_value.data != nullptr) {
                typed_value value;
                value.type = spec.type;
                value.text = from_abi(spec.default_value);
                properties.try_emplace(std::string(from_abi(spec.name)), std::move(value));
            }
        }
        auto config = std::make_unique<instance_config>(make_config(properties));
        hawser_instance instance{};
        error_text error;
        const hawser_status status =
            plugin->factory->create(plugin->factory, host->abi(), plugin->index, config->abi(), &instance, error.abi());
        if (status < 0 || instance.table == nullptr ||
            static_cast<const hawser_send_adapter*>(instance.table)->struct_size < sizeof(hawser_send_adapter)) {
            throw creation_failure(type, error.text());
        }
        adapters[type] =
            std::make_shared<adapter_instance>(*plugin->descriptor, std::move(host), std::move(config), instance);
    }
    return adapters;
}

std::unique_ptr<pipeline> make_send_pipeline(const loaded_configuration& loaded, const engine_services& services,
                                             const send_port_binding& binding) {
    static const std::map<std::string, seal_requirement> requirements{
        {"", seal_requirement::as_configured},
        {"none", seal_requirement::none},
        {"signed", seal_requirement::is_signed},
        {"encrypted", seal_requirement::encrypted},
        {"signedAndEncrypted", seal_requirement::signed_and_encrypted}};
    return std::make_unique<pipeline>(make_components(loaded, services, binding.pipeline),
                                      requirements.at(binding.require));
}

std::uint32_t configured_seals(const loaded_configuration& loaded, const engine_services& services,
                               const send_port_binding& binding) {
    return make_send_pipeline(loaded, services, binding)->configured_seals();
}

message_environment environment_of(const loaded_configuration& loaded, const send_port_binding& binding) {
    message_environment environment;
    environment.port = binding.name;
    environment.host_name = loaded.bindings().host.name;
    environment.signing_certificate = loaded.bindings().host.certificates.signing;
    environment.encryption_certificates = binding.encryption_certificates;
    environment.attachment_roots = binding.attachment_roots;
    environment.base_directory = loaded.bindings().base_directory;
    return environment;
}

std::shared_ptr<send_port_runtime> make_port(const loaded_configuration& loaded, const engine_services& services,
                                             const adapter_map& adapters, const send_port_binding& binding) {
    auto port = std::make_shared<send_port_runtime>();
    port->name = binding.name;
    port->is_dynamic = binding.is_dynamic;
    port->environment = environment_of(loaded, binding);
    port->pipeline = make_send_pipeline(loaded, services, binding);
    port->primary = make_transport(loaded, adapters, binding.primary);
    for (const transport_binding& one : binding.dynamic_transports) {
        port->dynamic_transports.push_back(make_transport(loaded, adapters, one));
    }
    port->allowed_locations = binding.allowed_locations;
    if (binding.backup) {
        port->backup = make_transport(loaded, adapters, *binding.backup);
    }
    port->is_ordered = binding.is_ordered;
    port->is_ordered_by_location = binding.is_ordered_by_location;
    port->stops_on_failure = binding.stops_on_failure;
    port->spools_before_send = binding.spools_before_send;
    port->priority = binding.priority;
    port->tracking = {binding.tracking.properties_before, binding.tracking.bodies_before,
                      binding.tracking.properties_after, binding.tracking.bodies_after};
    port->in_flight_max = binding.in_flight_max;
    port->rate = {binding.rate.count, binding.rate.period_ms};
    port->maximum_age_ms = binding.maximum_age_ms;
    port->routes_failed_messages = binding.routes_failed_messages;
    port->notifies_delivery = binding.notifies_delivery;
    return port;
}

std::shared_ptr<receive_port_runtime> make_receive_port(const loaded_configuration& loaded,
                                                        const engine_services& services,
                                                        const receive_port_binding& binding) {
    auto port = std::make_shared<receive_port_runtime>();
    port->name = binding.name;
    port->environment.port = binding.name;
    port->environment.host_name = loaded.bindings().host.name;
    port->environment.base_directory = loaded.bindings().base_directory;
    port->pipeline =
        std::make_unique<pipeline>(make_components(loaded, services, binding.pipeline), seal_requirement::none);
    return port;
}

std::vector<destination_limit> make_destinations(const loaded_configuration& loaded) {
    std::vector<destination_limit> limits;
    for (const destination_binding& one : loaded.bindings().host.destinations) {
        limits.push_back({one.location, one.in_flight_max, {one.rate.count, one.rate.period_ms}});
    }
    return limits;
}

namespace {

bool may_be_in_a_token(const certificate_sources& sources, const certificate_snapshot& all, bool has_read_tokens) {
    return has_read_tokens ? !all.token_problems.empty() : !sources.tokens.empty();
}

}  // namespace

void check_signing_certificate(const certificate_sources& sources, const certificate_snapshot& all,
                               bool has_read_tokens, std::int64_t now_unix, diagnostics& problems) {
    if (sources.signing.empty()) {
        return;
    }
    const auto warn = [&](const std::string& text) {
        problems.warning(sources.signing_position, "/host/certificates/signing",
                         text + "; messages that are to be signed are suspended until then");
    };
    const certificate_entry* signer =
        find_certificate(all.personal, sources.signing, certificate_role::signer, now_unix);
    if (signer == nullptr && may_be_in_a_token(sources, all, has_read_tokens)) {
        return;  // a token that cannot be read is said already
    }
    if (sources.personal.empty() && sources.tokens.empty()) {
        warn("there is no folder to find the certificate \"" + sources.signing +
             "\" in: name one in host.certificates.personal");
    } else if (signer == nullptr) {
        const std::string in_folder = sources.personal.empty() ? "" : "no file in " + sources.personal;
        const std::string in_tokens = sources.tokens.empty() ? "" : "no token";
        warn(in_folder + (in_folder.empty() || in_tokens.empty() ? "" : " and ") + in_tokens +
             " has the certificate \"" + sources.signing +
             "\": put it there together with its private key, or correct this to a file name, thumbprint or URI that "
             "`hawser certificates list` shows");
    } else if (signer->private_key.empty() && signer->token.empty()) {
        warn(sources.personal + '/' + signer->file_name + " has no private key: put it into this file or beside it");
    } else if (signer->private_key.empty()) {
        warn(signer->file_name + " has no private key: put it into its token");
    }
}

namespace {

// What is not there can still come before the first message does: warnings.
void check_recipients(const send_port_binding& port, const certificate_snapshot& all, bool is_token_out,
                      std::int64_t now_unix, diagnostics& problems) {
    const auto is_in = [now_unix](const certificate_folder& folder, const std::string& selector) {
        return find_certificate(folder, selector, certificate_role::recipient, now_unix) != nullptr;
    };
    for (std::size_t i = 0; i < port.encryption_certificates.size(); ++i) {
        if (const std::string& selector = port.encryption_certificates[i]; !is_in(all.other_people, selector)) {
            problems.warning(port.position, port.pointer + "/encryptionCertificates/" + std::to_string(i),
                             "the certificate \"" + selector +
                                 "\" is not in the otherPeople folder: messages are suspended until it is");
        }
    }
    for (const own_recipient& one : own_recipients_of(port)) {
        if (!is_token_out && !is_in(all.personal, one.value->text)) {
            problems.warning(one.value->position, one.value->pointer,
                             "the certificate \"" + one.value->text +
                                 "\" is not in the personal folder or a token: messages are suspended until it is");
        }
    }
}

}  // namespace

void check_ports(const loaded_configuration& loaded, const load_options& options, diagnostics& problems) {
    if (problems.has_errors()) {
        return;
    }
    certificate_store::sources sources = store_sources(loaded.bindings().host.certificates);
    if (!options.opens_tokens) {
        sources.tokens.clear();
    }
    const certificate_store store(std::move(sources));
    const std::shared_ptr<const certificate_snapshot> all = store.current();
    for (const std::string& problem : all->problems()) {
        problems.warning({loaded.bindings().file, 0, 0}, "/host/certificates", problem);
    }
    const std::int64_t now_unix = system_clock().unix_ms() / 1000;
    check_signing_certificate(loaded.bindings().host.certificates, *all, options.opens_tokens, now_unix, problems);
    const bool is_token_out = may_be_in_a_token(loaded.bindings().host.certificates, *all, options.opens_tokens);
    const certificate_view view(store);
    const engine_services services{&view, nullptr, &system_clock()};
    for (const send_port_binding& port : loaded.bindings().send_ports) {
        check_recipients(port, *all, is_token_out, now_unix, problems);
        try {
            const std::unique_ptr<pipeline> made = make_send_pipeline(loaded, services, port);
            if (made->has_idle_sealer()) {
                problems.warning(port.position, port.pointer + "/pipeline",
                                 "a component of this pipeline could sign or encrypt, and is configured to do neither");
            }
        } catch (const std::runtime_error& failure) {
            problems.error(port.position, port.pointer + "/pipeline", failure.what());
        }
    }
    for (const receive_port_binding& port : loaded.bindings().receive_ports) {
        try {
            make_components(loaded, services, port.pipeline);
        } catch (const std::runtime_error& failure) {
            problems.error(port.position, port.pointer + "/pipeline", failure.what());
        }
    }
}

}  // namespace hawser::engine
