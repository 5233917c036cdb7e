#include "runtime/loaded_configuration.hpp"

#include <algorithm>
#include <tuple>

#include "bindings/bindings_document.hpp"
#include "bindings/bindings_reader.hpp"
#include "bindings/json_schema.hpp"
#include "runtime/audit_view.hpp"
#include "runtime/port_factory.hpp"

namespace hawser {
namespace engine {

loaded_configuration::loaded_configuration(std::vector<std::string> plugin_folders)
    : registry_([&] {
          plugin_folders.push_back(built_in_plugin_folder());
          return plugin_folders;
      }()),
      services_{nullptr, nullptr, &system_clock()},
      catalogue_(registry_, services_) {}

std::string loaded_configuration::json_schema() const { return make_json_schema(catalogue_); }

configuration_summary loaded_configuration::summary() const {
    configuration_summary all;
    all.host_name = bindings_.host.name;
    for (const send_port_binding& port : bindings_.send_ports) {
        all.send_ports.push_back(port.name);
    }
    for (const receive_port_binding& port : bindings_.receive_ports) {
        all.receive_ports.push_back(port.name);
    }
    all.send_port_groups = static_cast<std::uint32_t>(bindings_.send_port_groups.size());
    return all;
}

namespace {

// In the order of the file, and of the files as they were first complained of.
void sort_by_place(std::vector<problem>& all) {
    std::vector<std::string> files;
    const auto file_index = [&files](const std::string& file) {
        return std::find(files.begin(), files.end(), file) - files.begin();
    };
    for (const problem& one : all) {
        if (file_index(one.file) == static_cast<std::ptrdiff_t>(files.size())) {
            files.push_back(one.file);
        }
    }
    std::stable_sort(all.begin(), all.end(), [&](const problem& a, const problem& b) {
        return std::make_tuple(file_index(a.file), a.line, a.column) <
               std::make_tuple(file_index(b.file), b.line, b.column);
    });
}

std::vector<problem> to_problems(const diagnostics& found) {
    std::vector<problem> all;
    for (const diagnostic& one : found.list()) {
        all.push_back({one.kind == severity::error, one.position.file, one.position.line, one.position.column,
                       one.pointer, one.hint.empty() ? one.text : one.text + " (" + one.hint + ')'});
    }
    sort_by_place(all);
    return all;
}

}  // namespace
}  // namespace engine

const char* version() noexcept { return HAWSER_VERSION; }

std::string problem::line_text() const {
    return engine::to_string(
        {is_error ? engine::severity::error : engine::severity::warning, {file, line, column}, pointer, text, ""});
}

load_result load(const std::string& bindings_path, const load_options& options) {
    using namespace engine;
    load_result out;
    diagnostics found;
    auto loaded = std::make_unique<loaded_configuration>(options.plugin_folders);
    bindings_document document;
    if (read_bindings_document(bindings_path, options.overlays, document, found)) {
        for (const named_plugin& plugin : plugins_of(document, found)) {
            if (const result<void> done = loaded->registry().load(plugin.name, document.base_directory); !done) {
                found.error(plugin.position, plugin.pointer, done.error().text);
            }
        }
        loaded->set_bindings(read_bindings(document, loaded->catalogue(), found));
        loaded->set_texts(read_binding_texts(document.root));
        check_ports(*loaded, options, found);
        check_archives(loaded->bindings(), found);
        out.message_box_path = loaded->message_box_path();
    }
    out.problems = to_problems(found);
    if (!found.has_errors()) {
        out.value = std::move(loaded);
    }
    return out;
}

load_result load_plugins(const std::vector<std::string>& names, const load_options& options) {
    using namespace engine;
    load_result out;
    auto loaded = std::make_unique<loaded_configuration>(options.plugin_folders);
    for (const std::string& name : names) {
        if (const result<void> done = loaded->registry().load(name, "."); !done) {
            problem one;
            one.file = name;
            one.text = done.error().text;
            out.problems.push_back(std::move(one));
        }
    }
    if (out.problems.empty()) {
        out.value = std::move(loaded);
    }
    return out;
}

}  // namespace hawser
