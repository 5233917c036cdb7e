// What of a host a reload replaces, as one snapshot: the checked bindings and what was made of them. Readers take the
// current one and keep it as long as they need it; a delivery under way keeps the port that it began with, and that
// keeps whatever it uses. Immutable once made.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "audit/archive_registry.hpp"
#include "runtime/certificate_view.hpp"
#include "runtime/counters.hpp"
#include "runtime/loaded_configuration.hpp"
#include "runtime/port_factory.hpp"
#include "runtime/retired_adapters.hpp"

namespace hawser::engine {

// What plugin instances are given of a host; outlives them. One for each set of certificate folders and passwords.
struct host_services {
    host_services(const host_binding& host, counters& counted)
        : certificates(store_sources(host.certificates)),
          revocation(make_revocation_refresher(host, certificates)),
          view(certificates, revocation.get()),
          services{&view, &counted, &system_clock()} {}
    host_services(const host_services&) = delete;
    host_services& operator=(const host_services&) = delete;

    certificate_store certificates;
    std::unique_ptr<revocation_refresher> revocation;  // null: files only
    certificate_view view;
    engine_services services;
};

struct used_archive {
    std::shared_ptr<audit::archive> archive;
    audit::archive_settings settings;  // in force with the generation
};

struct host_generation {
    std::shared_ptr<const loaded_configuration> loaded;
    std::shared_ptr<host_services> services;
    adapter_map adapters;                          // of the ports that this host delivers for
    std::map<std::string, used_archive> archives;  // by name; of the ports that this host delivers for
    std::vector<std::shared_ptr<const send_port_runtime>> ports;
    std::map<std::string, std::shared_ptr<const receive_port_runtime>> receive_ports;  // by name
    std::vector<std::string> renewed_adapters;  // those of the last generation that could not be kept

    const host_bindings& bindings() const noexcept { return loaded->bindings(); }
    std::shared_ptr<const host_bindings> shared_bindings() const { return {loaded, &loaded->bindings()}; }
};

struct generation_options {
    bool delivers = true;                        // else there are no adapters and no send ports
    const std::vector<std::string>& only_ports;  // whose archives are opened; empty = all
    counters& counted;
    retired_adapters& retired;
    audit::archive_registry& archives;
};

// The ports are made anew, adapters whose handler has the same properties are those of the last generation (may be
// null), and so are the services where the certificates' folders and passwords are the same. Throws std::runtime_error
// naming the plugin that could not make an instance, or the key that could not be read.
std::shared_ptr<const host_generation> make_generation(std::shared_ptr<const loaded_configuration> loaded,
                                                       const host_generation* last, const generation_options& options);

}  // namespace hawser::engine
