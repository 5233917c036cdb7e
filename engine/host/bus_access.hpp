// The way to a message box: the running host's bus where there is one, else a host of our own in this process, for as
// long as this object lives. Called by every verb that looks at or changes the box.
#pragma once

#include <memory>
#include <string>

#include "hawser/host.hpp"
#include "host/command_line.hpp"
#include "host/submission_input.hpp"

namespace hawser::command {

struct bus_access {
    std::unique_ptr<configuration> loaded;   // with open_to_look
    std::unique_ptr<hawser::bus> remote;     // the running host
    std::unique_ptr<hawser::host> own;       // … or ours
    std::string code;                        // why neither
    std::string text;
    int exit_code = 0;   // of the verb, where neither
    bool is_open() const noexcept { return remote != nullptr || own != nullptr; }
    hawser::bus& bus() const { return remote ? *remote : *own; }
};

// Tries for `box_wait_ms`: another client may hold the box for its own work, or a host may be about to serve.
inline constexpr std::int64_t box_wait_ms = 10'000;

bus_access reach_bus(const configuration& loaded, const host_options& options);

// The bindings loaded and the box reached, for a verb that delivers nothing; what went wrong has been printed.
bus_access open_to_look(const arguments& given);

// Submits; where a running host refused or was lost before its answer came, once more over a way found anew (a host
// that was started since, or our own, which is then started if it delivers). The key makes it one message.
submit_answer submit_surely(bus_access& access, const configuration& loaded, const host_options& options,
                            const submission_input& input, const submit_options& submitting);

// Of bus_access::code.
int exit_code_of_access(const std::string& code);

}  // namespace hawser::command
