#include <cstdio>

#include "host/exit_code.hpp"
#include "host/human.hpp"
#include "host/json_output.hpp"
#include "host/output.hpp"
#include "host/verbs.hpp"

namespace hawser::command {
namespace {

std::string summary_text(const configuration& loaded, std::size_t warnings) {
    const configuration_summary summary = loaded.summary();
    std::string text = "ok: " + counted(summary.send_ports.size(), "send port");
    if (!summary.receive_ports.empty()) {
        text += ", " + counted(summary.receive_ports.size(), "receive port");
    }
    if (summary.send_port_groups > 0) {
        text += ", " + counted(summary.send_port_groups, "send port group");
    }
    if (summary.pipelines > 0) {
        text += ", " + counted(summary.pipelines, "named pipeline");
    }
    text += ", " + counted(loaded.plugins().size(), "component");
    return text + (warnings > 0 ? "; " + counted(warnings, "warning") : "") + "\n";
}

}  // namespace

int check(const arguments& given) {
    load_options options = load_options_of(given);
    options.opens_tokens = true;
    const load_result loaded = load(given.bindings, options);
    std::size_t errors = 0;
    std::size_t warnings = 0;
    for (const problem& one : loaded.problems) {
        std::fprintf(stderr, "%s\n", plain(one.line_text()).c_str());
        ++(one.is_error ? errors : warnings);
    }
    if (given.is_json) {
        print(json_of(loaded.problems, loaded.value ? loaded.value->summary() : configuration_summary{}));
    }
    if (!loaded.value) {
        if (!given.is_json) {
            complain(plain(given.bindings) + ": " + counted(errors, "error"));
        }
        return exit_code::bad_bindings;
    }
    if (!given.is_json) {
        print(summary_text(*loaded.value, warnings));
    }
    return exit_code::done;
}

}  // namespace hawser::command
