#include <strings.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "host/exit_code.hpp"
#include "host/human.hpp"
#include "host/json_output.hpp"
#include "host/output.hpp"
#include "host/plugin_source.hpp"
#include "host/verbs.hpp"

namespace hawser::command {
namespace {

bool is_bindings_file(const std::string& word) {
    std::error_code ignored;
    return word.ends_with(".json") || word.ends_with(".jsonc") || std::filesystem::is_regular_file(word, ignored);
}

bool is_named(const plugin_help& one, const std::string& name) {
    const std::string stem = std::filesystem::path(one.file).stem().string();
    return ::strcasecmp(one.id.c_str(), name.c_str()) == 0 || ::strcasecmp(stem.c_str(), name.c_str()) == 0;
}

std::string property_text(const property_help& one) {
    std::string text = "  " + one.name + "  " + one.type;
    text += one.words.empty() ? "" : " (" + one.words + ")";
    text += one.is_required ? ", required" : "";
    text += one.is_secret ? ", secret" : "";
    text += one.default_text.empty() ? "" : ", default " + one.default_text;
    return plain(text) + "\n      " + plain(one.text) + "\n";
}

std::string help_text(const plugin_help& one) {
    std::string text = plain(one.id + " " + one.version + ": " + one.kind) + "\n  " + plain(one.summary) +
                       "\n  file: " + plain(one.file) + "\n";
    if (!one.stages.empty()) {
        text += "  stages: " + plain(joined(one.stages)) + "\n";
    }
    text += one.properties.empty() ? "\n  It has no properties.\n" : "\n";
    for (const property_help& property : one.properties) {
        text += property_text(property);
    }
    return text;
}

}  // namespace

std::unique_ptr<configuration> load_plugins_or_complain(const arguments& given, const std::string& bindings) {
    if (!bindings.empty()) {
        arguments with_bindings = given;
        with_bindings.bindings = bindings;
        return load_or_complain(with_bindings);
    }
    load_result loaded = load_plugins({"smtp", "smime", "smime_decoder"}, load_options_of(given));
    if (!loaded.value) {
        for (const problem& one : loaded.problems) {
            std::fprintf(stderr, "%s\n", plain(one.line_text()).c_str());
        }
        report_failure(given, "plugins.bad", "the built-in plugins cannot be loaded", exit_code::bad_bindings);
    }
    return std::move(loaded.value);
}

int plugins_list(const arguments& given) {
    const std::unique_ptr<configuration> loaded = load_plugins_or_complain(given, given.bindings);
    if (!loaded) {
        return exit_code::bad_bindings;
    }
    if (given.is_json) {
        print(json_of(loaded->plugins()));
        return exit_code::done;
    }
    text_table table({"NAME", "KIND", "VERSION", "STAGES", "SUMMARY"});
    for (const plugin_help& one : loaded->plugins()) {
        table.add({plain(one.id), plain(one.kind), plain(one.version), plain(joined(one.stages)), plain(one.summary)});
    }
    print(table.text());
    return exit_code::done;
}

int plugins_show(const arguments& given) {
    std::string bindings;
    std::string name;
    if (given.names.size() == 2) {
        bindings = given.names[0];
        name = given.names[1];
    } else if (given.names.size() == 1) {
        (is_bindings_file(given.names[0]) ? bindings : name) = given.names[0];
    }
    const std::unique_ptr<configuration> loaded = load_plugins_or_complain(given, bindings);
    if (!loaded) {
        return exit_code::bad_bindings;
    }
    std::vector<plugin_help> shown = loaded->plugins();
    std::vector<std::string> known;
    for (const plugin_help& one : shown) {
        known.push_back(one.id);
    }
    if (!name.empty()) {
        std::erase_if(shown, [&name](const plugin_help& one) { return !is_named(one, name); });
    }
    if (shown.empty() && !name.empty()) {
        return report_failure(given, "plugin.unknown",
                              "there is no adapter or component \"" + name + "\"; there are " + joined(known),
                              exit_code::not_found);
    }
    if (given.is_json) {
        print(json_of(shown));
        return exit_code::done;
    }
    for (std::size_t i = 0; i < shown.size(); ++i) {
        print((i > 0 ? "\n" : "") + help_text(shown[i]));
    }
    return exit_code::done;
}

}  // namespace hawser::command
