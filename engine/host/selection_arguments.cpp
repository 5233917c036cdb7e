#include "host/selection_arguments.hpp"

#include "host/command_line.hpp"

namespace hawser::command {
namespace {

bool has_filter(const arguments& values) {
    return !values.port.empty() || !values.error.empty() || !values.properties.empty() || values.older_than_ms ||
           values.newer_than_ms || values.since_unix_ms || values.until_unix_ms;
}

}  // namespace

std::string port_names_problem(const arguments& values) {
    if (!values.verb.starts_with("ports ") || values.verb == "ports list") {
        return {};
    }
    const bool has_names = !values.names.empty() || !values.port_names.empty() || !values.group_names.empty();
    if (has_names && values.is_all) {
        return "--all goes without names: it means all send ports and groups";
    }
    return has_names || values.is_all ? "" : values.verb + ": say which: NAME…, or --all";
}

std::string selection_problem(const arguments& values) {
    if (!values.names.empty() && !values.properties.empty()) {
        return "--property chooses messages, and ID does so already; --set changes a property";
    }
    if (!values.names.empty() && (has_filter(values) || values.is_all || !values.state.empty())) {
        return "ID goes without --all and filters: it says already which message is meant";
    }
    if (values.is_all && has_filter(values)) {
        return "--all goes with no filter but --state";
    }
    if (values.names.empty() && !values.is_all && !has_filter(values) && values.state.empty()) {
        return values.verb + ": say which: ID…, a filter (--port NAME, --error TEXT, --older-than TIME, …), or --all";
    }
    return {};
}

}  // namespace hawser::command
