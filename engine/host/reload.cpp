// reload: asks the running host to put its changed bindings in force. Which file and overlays those are is the host's
// own command line; ours only leads to it.
#include <cstdio>

#include "host/bus_access.hpp"
#include "host/exit_code.hpp"
#include "host/human.hpp"
#include "host/json_output.hpp"
#include "host/output.hpp"
#include "host/verbs.hpp"

namespace hawser::command {
namespace {

void add_names(std::string& text, const std::string& what, const changed_names& names) {
    for (const auto& [word, list] : {std::pair{"added", &names.added}, std::pair{"changed", &names.changed},
                                     std::pair{"removed", &names.removed}}) {
        for (const std::string& name : *list) {
            text += word + (" " + what) + ": " + plain(name) + "\n";
        }
    }
}

std::string done_text(const reload_answer& answer) {
    std::string text;
    add_names(text, "port", answer.ports);
    add_names(text, "group", answer.groups);
    add_names(text, "receive port", answer.receive_ports);
    for (const std::string& adapter : answer.renewed_adapters) {
        text += "renewed adapter: " + plain(adapter) + "\n";
    }
    if (answer.suspended > 0) {
        text += "suspended: " + counted(answer.suspended, "message") + " of what was removed\n";
    }
    for (const std::string& note : answer.notes) {
        text += "note: " + plain(note) + "\n";
    }
    return "reloaded" + (text.empty() ? std::string(": no port and no group has changed\n") : "\n" + text);
}

// What is wrong with the bindings is 78, as with every verb; anything else leaves them to be tried again.
int exit_code_of(const reload_answer& answer) {
    return answer.code == answer_code::done        ? exit_code::done
           : answer.code == answer_code::bad_input ? exit_code::bad_bindings
                                                   : exit_code::not_accepted;
}

int report(const arguments& given, const reload_answer& answer) {
    const int code = exit_code_of(answer);
    for (const problem& one : answer.problems) {
        std::fprintf(stderr, "%s\n", plain(one.line_text()).c_str());
    }
    if (given.is_json) {
        print(json_of(answer, code));
    } else if (code == exit_code::done) {
        print(done_text(answer));
    } else {
        complain(plain(answer.text) + "; nothing was changed, the old bindings stay in force");
    }
    return code;
}

}  // namespace

int reload(const arguments& given) {
    // Only where the host is reached matters of what we read: its own view of the bindings is the one that counts.
    const load_result seen = load(given.bindings, load_options_of(given));
    opened<hawser::bus> running;
    if (!seen.message_box_path.empty()) {
        running = connect(seen.message_box_path);
    }
    if (running.value) {
        return report(given, running.value->reload({.suspends_removed = given.suspends_removed}));
    }
    if (!seen.value) {
        return report(
            given, {.code = answer_code::bad_input, .text = given.bindings + " has errors", .problems = seen.problems});
    }
    const bool is_stopped = running.code == "host.not-running";
    return report_failure(given, running.code,
                          is_stopped
                              ? "no host runs with the message box " + seen.message_box_path +
                                    ", so there is nothing to reload: start one with hawser run " + retyped(given) +
                                    " (a host whose messageBox.path was changed has to be restarted)"
                              : running.text,
                          exit_code_of_access(running.code));
}

}  // namespace hawser::command
