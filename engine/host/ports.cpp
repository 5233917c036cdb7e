#include <cstdio>

#include "host/bus_access.hpp"
#include "host/exit_code.hpp"
#include "host/human.hpp"
#include "host/json_output.hpp"
#include "host/output.hpp"
#include "host/port_table.hpp"
#include "host/verbs.hpp"

namespace hawser::command {

std::string port_table(const std::vector<port_summary>& ports) {
    text_table table({"PORT", "STATE", "QUEUED", "RETRYING", "ACTIVE", "SUSPENDED", "TRANSPORT"});
    for (std::size_t column = 2; column <= 5; ++column) {
        table.align_right(column);
    }
    for (const port_summary& one : ports) {
        table.add({plain(one.name), one.state, std::to_string(one.queued), std::to_string(one.retrying),
                   std::to_string(one.active), std::to_string(one.suspended), plain(one.transport)});
    }
    return table.text();
}

std::string port_notes(const std::vector<port_summary>& ports) {
    std::string text;
    for (const port_summary& one : ports) {
        if (!one.note.empty()) {
            text += plain(one.name) + ": " + plain(one.note) + "\n";
        }
    }
    return text;
}

int ports_list(const arguments& given) {
    const bus_access access = open_to_look(given);
    if (!access.is_open()) {
        return access.exit_code;
    }
    const std::vector<port_summary> ports = access.bus().ports();
    print(given.is_json ? json_of(ports) : port_table(ports) + port_notes(ports));
    return exit_code::done;
}

int ports_change(const arguments& given) {
    const bus_access access = open_to_look(given);
    if (!access.is_open()) {
        return access.exit_code;
    }
    const std::string action = given.verb.substr(given.verb.find(' ') + 1);
    int worst = exit_code::done;
    for (const std::string& name : given.names) {
        const change_answer answer = access.bus().set_port_state(name, action);
        const int code = exit_code_of(answer.code);
        worst = worst == exit_code::done ? code : worst;
        if (given.is_json) {
            print(json_of(answer, name, code));
        } else if (code == exit_code::done) {
            print(plain(name) + ": " + (answer.text.empty() ? action + ": done" : plain(answer.text)) + "\n");
        } else {
            complain(plain(name) + ": " + plain(answer.text));
        }
    }
    return worst;
}

}  // namespace hawser::command
