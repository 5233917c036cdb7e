// A scripted engine for the verbs' tests: the functions of hawser/host.hpp, answering what a test has put into `script`
// and remembering what they were asked.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "hawser/host.hpp"

namespace hawser::command::test {

struct engine_script {
    std::vector<problem> problems;  // of load; an error among them: no configuration
    configuration_summary summary;
    bool has_running_host = false;
    bool host_ends_at_submit = false;           // there is none any more after the first submit
    std::string open_code;                      // of open_host; "" = it opens
    int locked_times = 0;                       // open_host answers box.locked so often first
    std::vector<submit_answer> submit_answers;  // in turn, then the last one again
    change_answer change;
    std::function<change_answer(const message_filter&)> on_change;  // of resume and terminate, instead of `change`
    std::vector<message_summary> summaries;
    std::vector<message_detail> details;
    std::vector<port_summary> ports;
    std::vector<receive_port_summary> receive_ports;
    std::vector<group_summary> groups;
    host_status status;
    std::string message_box_path = "box.db";  // of load
    reload_answer reload;
    probe_answer probe;
    certificate_report certificates;
    std::function<reload_answer(host&, const reload_options&)> on_reload;  // as the verb gave it to open_host
    std::vector<plugin_help> plugins;
    std::string saved;

    std::vector<std::string> calls;  // "open delivers=0 ports=Out", "start", "submit Out", "stop", …
    std::vector<message_filter> filters;
    std::vector<submission> submissions;
    std::vector<std::string> bodies;  // the first 100 bytes of each part
    std::vector<submit_options> options;
    message_edits edits;
};

inline engine_script script;

}  // namespace hawser::command::test
