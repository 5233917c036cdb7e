#include "plugins/plugin_registry.hpp"

#include <algorithm>
#include <filesystem>

#include "plugins/bridge/stream.hpp"
#include "plugins/plugin_library.hpp"

namespace hawser::engine {
namespace {

constexpr std::uint32_t components_per_plugin_max = 100;
constexpr std::uint32_t properties_per_component_max = 1000;

bool is_word(hawser_string text) { return text.data != nullptr && text.size > 0 && text.size < 256; }

std::string check_property(const hawser_property_spec* spec) {
    if (spec == nullptr || spec->struct_size < sizeof(hawser_property_spec)) {
        return "has a property without a proper specification";
    }
    if (!is_word(spec->name)) {
        return "has a property without a name";
    }
    if (spec->type < HAWSER_TYPE_STRING || spec->type > HAWSER_TYPE_STRING_LIST) {
        return "gives the property " + std::string(from_abi(spec->name)) + " an unknown type";
    }
    if (spec->type == HAWSER_TYPE_ENUMERATION && spec->words.size == 0) {
        return "gives the enumeration " + std::string(from_abi(spec->name)) + " no words";
    }
    return {};
}

// "" = fine, else what is wrong with it.
std::string check_descriptor(const hawser_descriptor* descriptor, std::uint32_t kind) {
    if (descriptor == nullptr || descriptor->struct_size < sizeof(hawser_descriptor)) {
        return "has a component without a proper descriptor";
    }
    if (!is_word(descriptor->id) || !is_word(descriptor->version)) {
        return "has a component without an id or a version";
    }
    const std::string id(from_abi(descriptor->id));
    if (descriptor->kind != kind) {
        return "describes " + id + " as another kind than its factory's";
    }
    if (kind == HAWSER_KIND_PIPELINE_COMPONENT && descriptor->stages == 0) {
        return "allows " + id + " in no stage";
    }
    if (kind == HAWSER_KIND_SEND_ADAPTER &&
        (!is_word(descriptor->property_namespace) || !is_word(descriptor->address_scheme))) {
        return "gives the adapter " + id + " no property namespace or no address scheme";
    }
    if (descriptor->property_count > properties_per_component_max ||
        (descriptor->property_count > 0 && descriptor->properties == nullptr)) {
        return "gives " + id + " an impossible list of properties";
    }
    for (std::uint32_t i = 0; i < descriptor->property_count; ++i) {
        if (std::string wrong = check_property(descriptor->properties[i]); !wrong.empty()) {
            return wrong + " (" + id + ')';
        }
    }
    return {};
}

std::string join(const std::vector<std::string>& folders) {
    std::string joined;
    for (const std::string& folder : folders) {
        joined += (joined.empty() ? "" : ", ") + folder;
    }
    return joined;
}

}  // namespace

std::string built_in_plugin_folder() {
    std::error_code failure;
    const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", failure);
    return (program.parent_path().parent_path() / "lib" / "hawser" / "plugins").string();
}

result<std::string> plugin_registry::locate(const std::string& name_or_path, const std::string& base_directory) const {
    namespace fs = std::filesystem;
    std::error_code failure;
    if (name_or_path.find('/') != std::string::npos) {
        const fs::path path =
            fs::path(name_or_path).is_absolute() ? fs::path(name_or_path) : fs::path(base_directory) / name_or_path;
        const fs::path found = fs::canonical(path, failure);
        if (failure || !fs::is_regular_file(found, failure)) {
            return fail("plugin.missing", "there is no plugin file " + path.string());
        }
        return found.string();
    }
    for (const std::string& folder : folders_) {
        const fs::path found = fs::canonical(fs::path(folder) / (name_or_path + ".so"), failure);
        if (!failure && fs::is_regular_file(found, failure)) {
            return found.string();
        }
    }
    return fail("plugin.missing", "there is no plugin \"" + name_or_path + "\": " + name_or_path +
                                      ".so was looked for in " + join(folders_));
}

result<void> plugin_registry::take_factory(const hawser_factory* factory, std::uint32_t kind, const std::string& file) {
    if (factory == nullptr) {
        return {};
    }
    if (factory->struct_size < sizeof(hawser_factory) || factory->count > components_per_plugin_max ||
        factory->descriptor == nullptr || factory->create == nullptr) {
        return fail("plugin.descriptor", file + " has a factory that is not one");
    }
    for (std::uint32_t i = 0; i < factory->count; ++i) {
        const hawser_descriptor* descriptor = factory->descriptor(i);
        if (const std::string wrong = check_descriptor(descriptor, kind); !wrong.empty()) {
            return fail("plugin.descriptor", file + ' ' + wrong);
        }
        const std::string_view id = from_abi(descriptor->id);
        if (const loaded_component* other = find(kind, id); other != nullptr) {
            return fail("plugin.duplicate",
                        "both " + other->file + " and " + file + " have \"" + std::string(id) + "\": load one of them");
        }
        components_.push_back({factory, i, descriptor, file});
    }
    return {};
}

result<void> plugin_registry::load(const std::string& name_or_path, const std::string& base_directory) {
    result<std::string> path = locate(name_or_path, base_directory);
    if (!path) {
        return unexpected{std::move(path).error()};
    }
    if (std::any_of(components_.begin(), components_.end(),
                    [&](const loaded_component& one) { return one.file == *path; })) {
        return {};  // named twice: loaded once
    }
    result<const hawser_entry*> entry = load_plugin_library(*path);
    if (!entry) {
        return unexpected{std::move(entry).error()};
    }
    const std::size_t count_before = components_.size();
    for (const auto& [id, kind] : {std::pair{HAWSER_PIPELINE_COMPONENT, HAWSER_KIND_PIPELINE_COMPONENT},
                                   std::pair{HAWSER_SEND_ADAPTER, HAWSER_KIND_SEND_ADAPTER}}) {
        if (result<void> taken = take_factory((*entry)->get_factory(to_abi(id)), kind, *path); !taken) {
            components_.resize(count_before);
            return taken;
        }
    }
    if (components_.size() == count_before) {
        return fail("plugin.descriptor", *path + " offers neither a pipeline component nor a send adapter");
    }
    return {};
}

const loaded_component* plugin_registry::find(std::uint32_t kind, std::string_view id) const {
    for (const loaded_component& one : components_) {
        if (one.descriptor->kind == kind && from_abi(one.descriptor->id) == id) {
            return &one;
        }
    }
    return nullptr;
}

}  // namespace hawser::engine
