#include <cstdio>

#include "host/bus_access.hpp"
#include "host/exit_code.hpp"
#include "host/human.hpp"
#include "host/interrupt.hpp"
#include "host/json_output.hpp"
#include "host/output.hpp"
#include "host/progress.hpp"
#include "host/submission_input.hpp"
#include "host/submit_report.hpp"
#include "host/verbs.hpp"

namespace hawser::command {
namespace {

submit_options options_of(const arguments& given, const submission_input& input, progress_line& progress) {
    submit_options options{.wait = given.waits_for_end || given.wait_ms ? wait_for::end : wait_for::first_attempt,
                           .wait_max_ms = given.wait_ms.value_or(-1)};
    options.on_progress = [&progress, &given, &input](std::uint64_t bytes) {
        progress.show(given.files.front(), bytes, input.size(), 1, 1);
    };
    options.is_abandoned = is_interrupted;
    return options;
}

}  // namespace

int send(const arguments& given) {
    const std::unique_ptr<configuration> loaded = load_or_complain(given);
    if (!loaded) {
        return exit_code::bad_bindings;
    }
    submission_input input;
    if (const std::string problem = input.build(given, given.files.front()); !problem.empty()) {
        return report_failure(given, "input.bad", problem, exit_code::bad_input);
    }
    const host_options own_host{.only_ports = {given.port}};
    bus_access access = reach_bus(*loaded, own_host);
    if (!access.is_open()) {
        return report_failure(given, access.code, access.text, access.exit_code);
    }
    if (access.own) {
        access.own->start();
    }
    watch_interrupts();
    submit_answer answer;
    {
        progress_line progress;
        answer = submit_surely(access, *loaded, own_host, input, options_of(given, input, progress));
    }
    if (access.own) {
        access.own->stop();   // a failure to stop cleanly does not unsend: what it says is logged
    }
    const int code = exit_code_of(answer.code);
    if (given.is_json) {
        print(json_of(answer, input.message(), given.files.front(), code));
    } else if (code == exit_code::done) {
        print(submit_report(given, answer, given.files.front()));
    } else {
        std::fputs(submit_report(given, answer, given.files.front()).c_str(), stderr);
    }
    return code;
}

}  // namespace hawser::command
