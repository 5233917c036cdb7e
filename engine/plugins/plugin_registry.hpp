// Finds and loads plugins, and knows what they offer. A plugin is loaded once a process and never unloaded; several
// registries (engines) share it. Thread-safe. Failure: an error whose text names the file, what is wrong and what to
// do.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "hawser/abi.h"

namespace hawser::engine {

// One component or adapter of a loaded plugin; lives as long as the process.
struct loaded_component {
    const hawser_factory* factory = nullptr;
    std::uint32_t index = 0;
    const hawser_descriptor* descriptor = nullptr;
    std::string file;
};

class plugin_registry {
public:
    explicit plugin_registry(std::vector<std::string> folders) : folders_(std::move(folders)) {}

    // A name ("smtp": <folder>/smtp.so in the first folder that has it), or a path ("./plugins/stamp.so", relative to
    // base_directory). Codes: plugin.missing, plugin.unsafe, plugin.not-loadable, plugin.no-entry, plugin.abi,
    // plugin.init, plugin.descriptor, plugin.duplicate.
    result<void> load(const std::string& name_or_path, const std::string& base_directory);

    // kind: HAWSER_KIND_*; nullptr = no loaded plugin has it.
    const loaded_component* find(std::uint32_t kind, std::string_view id) const;
    const std::vector<loaded_component>& all() const noexcept { return components_; }
    const std::vector<std::string>& folders() const noexcept { return folders_; }

private:
    result<std::string> locate(const std::string& name_or_path, const std::string& base_directory) const;
    result<void> take_factory(const hawser_factory* factory, std::uint32_t kind, const std::string& file);

    std::vector<std::string> folders_;
    std::vector<loaded_component> components_;
};

// Beside this program (<bin>/../lib/hawser/plugins), as in the build tree and in an installation.
std::string built_in_plugin_folder();

}  // namespace hawser::engine
