#include "runtime/host_generation.hpp"

#include <algorithm>
#include <stdexcept>

#include "runtime/audit_view.hpp"
#include "runtime/configuration_difference.hpp"

namespace hawser::engine {
namespace {

bool has_same_sources(const certificate_sources& one, const certificate_sources& other) {
    return one.personal == other.personal && one.other_people == other.other_people && one.trusted == other.trusted &&
           one.passwords == other.passwords && one.tokens == other.tokens && one.revocation == other.revocation;
}

const hawser_descriptor* descriptor_of(const loaded_configuration& loaded, const std::string& type) {
    const loaded_component* found = loaded.registry().find(HAWSER_KIND_SEND_ADAPTER, type);
    return found == nullptr ? nullptr : found->descriptor;
}

// The adapters of the last generation that serve this one as they are.
adapter_map kept_adapters(const loaded_configuration& loaded, const host_generation& last) {
    adapter_map kept;
    for (const auto& [type, adapter] : last.adapters) {
        const auto handler = loaded.bindings().send_handlers.find(type);
        if (handler != loaded.bindings().send_handlers.end() && descriptor_of(loaded, type) == &adapter->descriptor() &&
            has_same_values(handler->second.properties, last.bindings().send_handlers.at(type).properties)) {
            kept[type] = adapter;
        }
    }
    return kept;
}

// The port, and with it what its instances use.
template <typename Port>
std::shared_ptr<const Port> own_port(std::shared_ptr<host_services> services, std::shared_ptr<Port> port) {
    struct owned_port {
        std::shared_ptr<host_services> services;
        std::shared_ptr<Port> port;  // goes first
    };
    auto owned = std::make_shared<owned_port>(owned_port{std::move(services), std::move(port)});
    const Port* const runtime = owned->port.get();
    return {std::move(owned), runtime};
}

// Those that the last generation uses stay open, whatever their settings are now.
std::map<std::string, used_archive> open_archives(const host_bindings& bindings, const generation_options& options) {
    std::map<std::string, used_archive> archives;
    for (const send_port_binding& port : bindings.send_ports) {
        const bool is_delivered =
            options.only_ports.empty() ||
            std::find(options.only_ports.begin(), options.only_ports.end(), port.name) != options.only_ports.end();
        const auto binding = std::find_if(bindings.host.audit_archives.begin(), bindings.host.audit_archives.end(),
                                          [&](const audit_archive_binding& one) { return one.name == port.audit; });
        if (is_delivered && binding != bindings.host.audit_archives.end() && archives.count(port.audit) == 0) {
            result<audit::archive_settings> settings = settings_of(*binding);
            if (!settings) {
                throw std::runtime_error(settings.error().text);
            }
            archives[port.audit] = {options.archives.open(*settings), std::move(*settings)};
        }
    }
    return archives;
}

}  // namespace

std::shared_ptr<const host_generation> make_generation(std::shared_ptr<const loaded_configuration> loaded,
                                                       const host_generation* last, const generation_options& options) {
    auto made = std::make_shared<host_generation>();
    made->loaded = std::move(loaded);
    const certificate_sources& sources = made->bindings().host.certificates;
    const bool has_services = last != nullptr && has_same_sources(sources, last->bindings().host.certificates);
    made->services =
        has_services ? last->services : std::make_shared<host_services>(made->bindings().host, options.counted);
    for (const receive_port_binding& binding : made->bindings().receive_ports) {
        made->receive_ports[binding.name] =
            own_port(made->services, make_receive_port(*made->loaded, made->services->services, binding));
    }
    if (!options.delivers) {
        return made;
    }
    if (made->services->revocation) {
        made->services->revocation->start();
    }
    const adapter_map kept = has_services ? kept_adapters(*made->loaded, *last) : adapter_map{};
    made->adapters = make_adapters(*made->loaded, made->services->services, kept);
    for (auto& [type, adapter] : made->adapters) {
        if (kept.count(type) == 0) {
            // An instance uses the services until it is destroyed.
            adapter = options.retired.watch({adapter.get(), [services = made->services, owned = adapter](
                                                                adapter_instance*) mutable { owned.reset(); }});
            if (last != nullptr && last->adapters.count(type) != 0) {
                made->renewed_adapters.push_back(type);
            }
        }
    }
    made->archives = open_archives(made->bindings(), options);
    for (const send_port_binding& binding : made->bindings().send_ports) {
        std::shared_ptr<send_port_runtime> port =
            make_port(*made->loaded, made->services->services, made->adapters, binding);
        if (const auto found = made->archives.find(binding.audit); found != made->archives.end()) {
            port->environment.audit = make_audit_sink(found->second.archive);
        }
        made->ports.push_back(own_port(made->services, std::move(port)));
    }
    return made;
}

}  // namespace hawser::engine
