#include "host/bus_access.hpp"

#include <chrono>

#include "host/exit_code.hpp"
#include "host/output.hpp"

namespace hawser::command {
namespace {

bus_access failed(std::string code, std::string text) {
    bus_access access;
    access.exit_code = exit_code_of_access(code);
    access.code = std::move(code);
    access.text = std::move(text);
    return access;
}

}  // namespace

bus_access reach_bus(const configuration& loaded, const host_options& options) {
    using std::chrono::steady_clock;
    const auto deadline = steady_clock::now() + std::chrono::milliseconds(box_wait_ms);
    host_options ours = options;
    ours.lock_wait_ms = 200;  // between two looks whether the owner serves clients by now
    bus_access access;
    while (true) {
        opened<hawser::bus> running = connect(loaded);
        if (running.value) {
            access.remote = std::move(running.value);
            return access;
        }
        const bool is_busy = running.code == "host.refused" && running.text.find("too many") != std::string::npos;
        if (running.code != "host.not-running" && !is_busy) {
            return failed(running.code, running.text);
        }
        opened<hawser::host> made = open_host(loaded, ours);
        if (made.value) {
            access.own = std::move(made.value);
            return access;
        }
        if (made.code != "box.locked" || steady_clock::now() >= deadline) {
            return failed(made.code, made.text);
        }
    }
}

bus_access open_to_look(const arguments& given) {
    std::unique_ptr<configuration> loaded = load_or_complain(given);
    if (!loaded) {
        bus_access access;
        access.exit_code = exit_code::bad_bindings;
        return access;
    }
    bus_access access = reach_bus(*loaded, {.delivers = false});
    if (!access.is_open()) {
        report_failure(given, access.code, access.text, access.exit_code);
    }
    access.loaded = std::move(loaded);
    return access;
}

submit_answer submit_surely(bus_access& access, const configuration& loaded, const host_options& options,
                            const submission_input& input, const submit_options& submitting) {
    submit_answer answer = access.bus().submit(input.message(), submitting);
    if (!access.remote || answer.code != answer_code::not_accepted || !input.rewind()) {
        return answer;
    }
    bus_access again = reach_bus(loaded, options);
    if (!again.is_open()) {
        return answer;
    }
    access.remote = std::move(again.remote);
    access.own = std::move(again.own);
    if (access.own && options.delivers) {
        access.own->start();
    }
    return access.bus().submit(input.message(), submitting);
}

int exit_code_of_access(const std::string& code) {
    // A box of a newer release, or a file that is no box, does not get better by trying again.
    const bool is_configuration = code == "box.newer-schema" || code == "box.not-a-box" || code == "host.version";
    return is_configuration ? exit_code::bad_bindings : exit_code::not_accepted;
}

}  // namespace hawser::command
