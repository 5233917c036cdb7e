#include "runtime/plugin_catalogue.hpp"

#include "base/log.hpp"

namespace hawser::engine {
namespace {

const std::pair<std::uint32_t, const char*> stage_names[] = {{HAWSER_STAGE_PRE_ASSEMBLE, "preAssemble"},
                                                             {HAWSER_STAGE_ASSEMBLE, "assemble"},
                                                             {HAWSER_STAGE_ENCODE, "encode"},
                                                             {HAWSER_STAGE_DECODE, "decode"},
                                                             {HAWSER_STAGE_DISASSEMBLE, "disassemble"},
                                                             {HAWSER_STAGE_VALIDATE, "validate"},
                                                             {HAWSER_STAGE_RESOLVE_PARTY, "resolveParty"}};

const char* type_name(const hawser_property_spec& spec) {
    switch (spec.type) {
    case HAWSER_TYPE_INTEGER: return "int";
    case HAWSER_TYPE_BOOLEAN: return "bool";
    case HAWSER_TYPE_DATE_TIME: return "dateTime";
    case HAWSER_TYPE_ENUMERATION: return "enumeration";
    case HAWSER_TYPE_STRING_LIST: return "string list";
    default: return "string";
    }
}

property_help describe(const hawser_property_spec& spec) {
    property_help help;
    help.name = from_abi(spec.name);
    help.type = type_name(spec);
    help.default_text = from_abi(spec.default_value);
    help.words = from_abi(spec.words);
    help.text = from_abi(spec.text);
    help.is_required = (spec.flags & HAWSER_SPEC_REQUIRED) != 0;
    help.is_secret = (spec.flags & HAWSER_SPEC_SECRET) != 0;
    return help;
}

}  // namespace

const hawser_descriptor* plugin_catalogue::find(std::uint32_t kind, const std::string& id) const {
    const loaded_component* found = registry_.find(kind, id);
    return found == nullptr ? nullptr : found->descriptor;
}

std::vector<std::string> plugin_catalogue::names(std::uint32_t kind) const {
    std::vector<std::string> all;
    for (const loaded_component& one : registry_.all()) {
        if (one.descriptor->kind == kind) {
            all.emplace_back(from_abi(one.descriptor->id));
        }
    }
    return all;
}

instance_config make_config(const typed_properties& properties) {
    instance_config config;
    for (const auto& [name, value] : properties) {
        if (value.type == HAWSER_TYPE_STRING_LIST) {
            config.set_list('/' + name, value.list);
        } else if (value.is_secret) {
            config.set('/' + name, value.secret);
        } else {
            config.set('/' + name, value.text);
        }
    }
    return config;
}

void plugin_catalogue::validate(std::uint32_t kind, const std::string& id, const typed_properties& properties,
                                const problem_function& report) const {
    const loaded_component* found = registry_.find(kind, id);
    if (found == nullptr || found->factory->validate == nullptr) {
        return;
    }
    const instance_config config = make_config(properties);
    const instance_host host(services_, id, found->descriptor->flags);
    const hawser_problem_sink sink{
        const_cast<problem_function*>(&report),
        [](void* self, std::uint32_t severity, hawser_string pointer, hawser_string text) noexcept {
            (*static_cast<const problem_function*>(self))(severity == 1, std::string(from_abi(pointer)),
                                                          printable(from_abi(text), 2048));
        }};
    found->factory->validate(found->index, host.abi(), config.abi(), &sink);
}

std::vector<plugin_help> describe_plugins(const plugin_registry& registry) {
    std::vector<plugin_help> all;
    for (const loaded_component& one : registry.all()) {
        plugin_help help;
        help.file = one.file;
        help.kind = one.descriptor->kind == HAWSER_KIND_SEND_ADAPTER ? "send adapter" : "pipeline component";
        help.id = from_abi(one.descriptor->id);
        help.version = from_abi(one.descriptor->version);
        help.summary = from_abi(one.descriptor->summary);
        for (const auto& [stage, name] : stage_names) {
            if ((one.descriptor->stages & stage) != 0) {
                help.stages.emplace_back(name);
            }
        }
        for (std::uint32_t i = 0; i < one.descriptor->property_count; ++i) {
            help.properties.push_back(describe(*one.descriptor->properties[i]));
        }
        all.push_back(std::move(help));
    }
    return all;
}

}  // namespace hawser::engine
