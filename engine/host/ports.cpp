// ports list, and the verbs that change the states of ports and groups.
#include <algorithm>
#include <cstdio>

#include "host/bus_access.hpp"
#include "host/exit_code.hpp"
#include "host/human.hpp"
#include "host/json_output.hpp"
#include "host/output.hpp"
#include "host/port_table.hpp"
#include "host/verbs.hpp"

namespace hawser::command {
namespace {

enum class subscriber_kind : std::uint8_t { port = 1, group };

struct subscriber {
    std::string name;
    subscriber_kind kind = subscriber_kind::port;
};

template <typename Summary>
bool has(const std::vector<Summary>& all, const std::string& name) {
    return std::any_of(all.begin(), all.end(), [&](const Summary& one) { return one.name == name; });
}

// Those that the words mean; false: a name is both a port's and a group's, which has been said.
bool find_subscribers(const arguments& given, hawser::bus& bus, std::vector<subscriber>& found) {
    for (const std::string& name : given.port_names) {
        found.push_back({name, subscriber_kind::port});
    }
    for (const std::string& name : given.group_names) {
        found.push_back({name, subscriber_kind::group});
    }
    if (given.names.empty() && !given.is_all) {
        return true;
    }
    const std::vector<port_summary> ports = bus.ports();
    const std::vector<group_summary> groups = bus.groups();
    for (const std::string& name : given.names) {
        const bool is_group = has(groups, name);
        if (is_group && has(ports, name)) {
            report_failure(
                given, "name.ambiguous",
                "\"" + name + "\" is a send port and a send port group: say --port " + name + " or --group " + name,
                exit_code::usage);
            return false;
        }
        found.push_back({name, is_group ? subscriber_kind::group : subscriber_kind::port});
    }
    const std::string gone = "gone";  // from the bindings: it has messages, and no state
    for (const port_summary& one : given.is_all ? ports : std::vector<port_summary>{}) {
        if (one.state != gone) {
            found.push_back({one.name, subscriber_kind::port});
        }
    }
    for (const group_summary& one : given.is_all ? groups : std::vector<group_summary>{}) {
        if (one.state != gone) {
            found.push_back({one.name, subscriber_kind::group});
        }
    }
    return true;
}

}  // namespace

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

std::string group_table(const std::vector<group_summary>& groups) {
    text_table table({"GROUP", "STATE", "HELD", "PORTS"});
    table.align_right(2);
    for (const group_summary& one : groups) {
        std::string ports;
        for (const std::string& port : one.ports) {
            ports += (ports.empty() ? "" : ", ") + plain(port);
        }
        table.add({plain(one.name), one.state, std::to_string(one.held), ports});
    }
    return table.is_empty() ? "" : "\n" + table.text();
}

std::string group_notes(const std::vector<group_summary>& groups) {
    std::string text;
    for (const group_summary& one : groups) {
        if (!one.note.empty()) {
            text += "group " + plain(one.name) + ": " + plain(one.note) + "\n";
        }
    }
    return text;
}

std::string receive_port_table(const std::vector<receive_port_summary>& ports) {
    text_table table({"RECEIVE PORT", "PIPELINE", "COMPONENTS"});
    for (const receive_port_summary& one : ports) {
        std::string components;
        for (const std::string& component : one.components) {
            components += (components.empty() ? "" : ", ") + plain(component);
        }
        table.add({plain(one.name), one.pipeline.empty() ? "-" : plain(one.pipeline),
                   components.empty() ? "none: messages pass as they are" : components});
    }
    return table.is_empty() ? "" : "\n" + table.text();
}

int ports_list(const arguments& given) {
    const bus_access access = open_to_look(given);
    if (!access.is_open()) {
        return access.exit_code;
    }
    const std::vector<port_summary> ports = access.bus().ports();
    const std::vector<group_summary> groups = access.bus().groups();
    const std::vector<receive_port_summary> receive_ports = access.bus().receive_ports();
    print(given.is_json ? json_of(ports, groups, receive_ports)
                        : port_table(ports) + port_notes(ports) + group_table(groups) + group_notes(groups) +
                              receive_port_table(receive_ports));
    return exit_code::done;
}

int ports_change(const arguments& given) {
    const bus_access access = open_to_look(given);
    if (!access.is_open()) {
        return access.exit_code;
    }
    std::vector<subscriber> chosen;
    if (!find_subscribers(given, access.bus(), chosen)) {
        return exit_code::usage;
    }
    const std::string action = given.verb.substr(given.verb.find(' ') + 1);
    int worst = exit_code::done;
    for (const auto& [name, kind] : chosen) {
        const change_answer answer = kind == subscriber_kind::group ? access.bus().set_group_state(name, action)
                                                                    : access.bus().set_port_state(name, action);
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
