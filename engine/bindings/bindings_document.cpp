#include "bindings/bindings_document.hpp"

#include <glob.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace hawser::engine {
namespace {

namespace fs = std::filesystem;

bool read_json_file(const std::string& path, json_value& out, diagnostics& problems) {
    std::ifstream file(path, std::ios::binary);
    std::error_code failure;
    if (!file || !fs::is_regular_file(path, failure)) {
        problems.error({path, 0, 0}, "", "the file cannot be read: does it exist, and may this user read it?");
        return false;
    }
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    return parse_json(text, path, out, problems);
}

json_value* find_named(json_value& list, const std::string& name) {
    for (json_value& element : list.elements) {
        const json_value* other = element.find("name");
        if (other != nullptr && other->text == name) {
            return &element;
        }
    }
    return nullptr;
}

std::string place_of(const source_position& position) {
    return position.file + ':' + std::to_string(position.line) + ':' + std::to_string(position.column);
}

// Joins an included file's value into ours.
void join(json_value& into, json_value&& from, const std::string& pointer, diagnostics& problems) {
    if (into.is(json_value::kind::array) && from.is(json_value::kind::array)) {
        for (json_value& element : from.elements) {
            const json_value* name = element.find("name");
            json_value* twin = name == nullptr ? nullptr : find_named(into, name->text);
            if (twin != nullptr) {
                problems.error(name->position, pointer,
                               "\"" + name->text + "\" is defined twice: also at " + place_of(twin->position));
            } else {
                into.elements.push_back(std::move(element));
            }
        }
        return;
    }
    if (into.is(json_value::kind::object) && from.is(json_value::kind::object)) {
        for (json_member& member : from.members) {
            if (json_value* twin = into.find(member.key); twin != nullptr) {
                join(*twin, std::move(member.value), pointer + '/' + pointer_token(member.key), problems);
            } else {
                into.members.push_back(std::move(member));
            }
        }
        return;
    }
    problems.error(from.position, pointer, "this is defined twice: also at " + place_of(into.position));
}

// RFC 7396, with the members of lists that have a name matched by it.
void patch(json_value& into, json_value&& from) {
    const bool is_named_list = into.is(json_value::kind::array) && from.is(json_value::kind::array) &&
                               !from.elements.empty() &&
                               std::all_of(from.elements.begin(), from.elements.end(),
                                           [](const json_value& one) { return one.find("name") != nullptr; });
    if (is_named_list) {
        for (json_value& element : from.elements) {
            if (json_value* twin = find_named(into, element.find("name")->text); twin != nullptr) {
                patch(*twin, std::move(element));
            } else {
                into.elements.push_back(std::move(element));
            }
        }
        return;
    }
    if (!into.is(json_value::kind::object) || !from.is(json_value::kind::object)) {
        into = std::move(from);
        return;
    }
    for (json_member& member : from.members) {
        if (member.value.is(json_value::kind::null)) {
            into.members.erase(std::remove_if(into.members.begin(), into.members.end(),
                                              [&](const json_member& one) { return one.key == member.key; }),
                               into.members.end());
        } else if (json_value* twin = into.find(member.key); twin != nullptr) {
            patch(*twin, std::move(member.value));
        } else {
            into.members.push_back(std::move(member));
        }
    }
}

std::vector<std::string> expand_glob(const std::string& pattern) {
    glob_t found{};
    std::vector<std::string> paths;
    if (::glob(pattern.c_str(), GLOB_ERR, nullptr, &found) == 0) {
        for (std::size_t i = 0; i < found.gl_pathc; ++i) {
            paths.emplace_back(found.gl_pathv[i]);
        }
    }
    ::globfree(&found);
    return paths;
}

void read_includes(json_value& root, const std::string& folder, diagnostics& problems) {
    const json_value* include = root.find("include");
    if (include == nullptr) {
        return;
    }
    if (!include->is(json_value::kind::array)) {
        problems.error(include->position, "/include",
                       "this must be a list of file names or patterns, like [\"ports/*.json\"]");
        return;
    }
    const std::vector<json_value> patterns = include->elements;
    for (std::size_t i = 0; i < patterns.size(); ++i) {
        const std::string pointer = "/include/" + std::to_string(i);
        const std::string full = (fs::path(folder) / patterns[i].text).string();
        const std::vector<std::string> paths =
            patterns[i].is(json_value::kind::string) ? expand_glob(full) : std::vector<std::string>{};
        const bool is_pattern = patterns[i].text.find_first_of("*?[") != std::string::npos;
        if (paths.empty() && !is_pattern) {
            problems.error(patterns[i].position, pointer, "there is no file " + full);
        }
        for (const std::string& path : paths) {
            json_value included;
            if (!read_json_file(path, included, problems)) {
                continue;
            }
            if (const json_value* nested = included.find("include"); nested != nullptr) {
                problems.error(nested->position, "/include",
                               "an included file cannot include others: name them in " + root.position.file);
                continue;
            }
            join(root, std::move(included), "", problems);
        }
    }
}

}  // namespace

bool read_bindings_document(const std::string& path, const std::vector<std::string>& overlays, bindings_document& out,
                            diagnostics& problems) {
    out.file = path;
    out.base_directory = fs::absolute(path).parent_path().string();
    if (!read_json_file(path, out.root, problems)) {
        return false;
    }
    if (!out.root.is(json_value::kind::object)) {
        problems.error(out.root.position, "",
                       "a bindings file is one JSON object, like {\"host\": …, \"sendPorts\": […]}");
        return false;
    }
    read_includes(out.root, out.base_directory, problems);
    for (const std::string& overlay : overlays) {
        json_value read;
        if (read_json_file(overlay, read, problems)) {
            patch(out.root, std::move(read));
        }
    }
    return !problems.has_errors();
}

std::vector<named_plugin> plugins_of(const bindings_document& document, diagnostics& problems) {
    std::vector<named_plugin> names;
    const json_value* plugins = document.root.find("plugins");
    if (plugins == nullptr) {
        return {{"smtp", document.root.position, "/plugins"}, {"smime", document.root.position, "/plugins"}};
    }
    if (!plugins->is(json_value::kind::array)) {
        problems.error(plugins->position, "/plugins",
                       "this must be a list of plugin names or paths, like [\"smtp\", \"./plugins/stamp.so\"]");
        return names;
    }
    for (std::size_t i = 0; i < plugins->elements.size(); ++i) {
        const json_value& one = plugins->elements[i];
        const std::string pointer = "/plugins/" + std::to_string(i);
        if (!one.is(json_value::kind::string) || one.text.empty()) {
            problems.error(one.position, pointer, "this must be a plugin's name or path");
        } else {
            names.push_back({one.text, one.position, pointer});
        }
    }
    return names;
}

}  // namespace hawser::engine
