#include "bindings/used_adapters.hpp"

#include "bindings/location_reader.hpp"
#include "message/location_pattern.hpp"

namespace hawser::engine {
namespace {

std::string joined(const std::set<std::string>& names) {
    std::string all;
    for (const std::string& name : names) {
        all += (all.empty() ? "" : ", ") + name;
    }
    return all;
}

const hawser_property_spec* spec_named(const hawser_descriptor& descriptor, const std::string& name) {
    for (std::uint32_t i = 0; i < descriptor.property_count; ++i) {
        const hawser_property_spec* spec = descriptor.properties[i];
        if (std::string_view(spec->name.data, spec->name.size) == name) {
            return spec;
        }
    }
    return nullptr;
}

}  // namespace

std::set<std::string> used_adapters(const send_port_binding& port, const component_catalogue& catalogue) {
    std::set<std::string> types;
    if (!port.is_dynamic) {
        types.insert(port.primary.type);
        if (port.backup) {
            types.insert(port.backup->type);
        }
        return types;
    }
    std::set<std::string> schemes;
    for (const std::string& pattern : port.allowed_locations) {
        schemes.insert(scheme_of_location(pattern));
    }
    for (const transport_binding& one : port.dynamic_transports) {
        const hawser_descriptor* descriptor = catalogue.find(HAWSER_KIND_SEND_ADAPTER, one.type);
        if (descriptor != nullptr && schemes.count(address_scheme(*descriptor)) > 0) {
            types.insert(one.type);
        }
    }
    return types;
}

void check_composer_effects(const send_port_binding& port, const component_catalogue& catalogue,
                            diagnostics& problems) {
    std::set<std::string> composing;
    std::set<std::string> others;
    for (const std::string& type : used_adapters(port, catalogue)) {
        const hawser_descriptor* adapter = catalogue.find(HAWSER_KIND_SEND_ADAPTER, type);
        if (adapter != nullptr) {
            ((adapter->flags & HAWSER_FLAG_COMPOSES) != 0 ? composing : others).insert(type);
        }
    }
    for (const component_binding& component : port.pipeline) {
        const hawser_descriptor* descriptor = catalogue.find(HAWSER_KIND_PIPELINE_COMPONENT, component.component);
        for (const auto& [name, value] : component.properties) {
            const hawser_property_spec* spec = descriptor == nullptr ? nullptr : spec_named(*descriptor, name);
            if (spec == nullptr || value.is_default) {
                continue;
            }
            if ((spec->flags & HAWSER_SPEC_NEEDS_COMPOSER) != 0 && !others.empty()) {
                problems.add({severity::warning, value.position, value.pointer,
                              name + " has no effect where the send port \"" + port.name + "\" sends by " +
                                  joined(others) + ": no mail is composed there",
                              ""});
            }
            if ((spec->flags & HAWSER_SPEC_WITHOUT_COMPOSER) != 0 && !composing.empty()) {
                problems.add({severity::warning, value.position, value.pointer,
                              name + " has no effect where the send port \"" + port.name + "\" sends by " +
                                  joined(composing) + ": the adapter composes the mail and its parts itself",
                              ""});
            }
        }
    }
}

}  // namespace hawser::engine
