#include "host/bus_access.hpp"
#include "host/exit_code.hpp"
#include "host/human.hpp"
#include "host/json_output.hpp"
#include "host/output.hpp"
#include "host/port_table.hpp"
#include "host/verbs.hpp"

namespace hawser::command {

int status(const arguments& given) {
    const bus_access access = open_to_look(given);
    if (!access.is_open()) {
        return access.exit_code;
    }
    host_status now = access.bus().status();
    if (access.own) {   // we have the box for a moment; nobody delivers from it
        now.is_running = false;
        now.process_id = 0;
        now.started_unix_ms = 0;
    }
    if (given.is_json) {
        print(json_of(now));
        return exit_code::done;
    }
    std::string text = "host " + plain(now.host_name) + ": ";
    if (now.is_running) {
        text += "running since " + time_text(now.started_unix_ms) + " (" +
                human_duration(now_unix_ms() - now.started_unix_ms) + "), process " + std::to_string(now.process_id) +
                "\n";
    } else {
        text += "not running; start it: hawser run " + retyped(given) + "\n";
    }
    text += "message box: " + plain(now.message_box) + "\n\n" + port_table(now.ports) + group_table(now.groups);
    std::uint64_t suspended = 0;
    for (const port_summary& one : now.ports) {
        suspended += one.suspended;
    }
    if (suspended > 0) {
        text += "\n" + counted(suspended, "message") + " suspended: hawser messages list " + retyped(given) +
                " --state suspended\n";
    }
    for (const std::string& warning : now.warnings) {
        text += "\nwarning: " + plain(warning);
    }
    print(text + (now.warnings.empty() ? "" : "\n"));
    return exit_code::done;
}

}  // namespace hawser::command
