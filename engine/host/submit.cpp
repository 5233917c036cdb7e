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

// Publishes one file. The files of one command are published in their order, because an ordered port delivers in the
// order of publication; so they go one after the other.
int submit_file(const arguments& given, bus_access& access, std::size_t index, progress_line& progress) {
    const std::string& file = given.files[index];
    submission_input input;
    submit_answer answer;
    if (const std::string problem = input.build(given, file); !problem.empty()) {
        answer = {.code = answer_code::bad_input, .text = problem};
    } else {
        submit_options options;
        options.on_progress = [&](std::uint64_t bytes) {
            progress.show(file, bytes, input.size(), index + 1, given.files.size());
        };
        options.is_abandoned = is_interrupted;
        answer = submit_surely(access, *access.loaded, {.delivers = false}, input, options);
    }
    // Publishing is all that submit promises: that it was accepted is success.
    const int code = answer.code == answer_code::accepted ? exit_code::done : exit_code_of(answer.code);
    progress.clear();
    if (given.is_json) {
        print(json_of(answer, input.message(), file, code));
    } else if (code == exit_code::done) {
        print(submit_report(given, answer, file));
    } else {
        std::fputs(submit_report(given, answer, file).c_str(), stderr);
    }
    if (code == exit_code::done) {
        progress.show(file, input.size(), input.size(), index + 1, given.files.size());
    }
    return code;
}

}  // namespace

int submit(const arguments& given) {
    bus_access access = open_to_look(given);
    if (!access.is_open()) {
        return access.exit_code;
    }
    watch_interrupts();
    progress_line progress;
    int worst = exit_code::done;
    for (std::size_t i = 0; i < given.files.size(); ++i) {
        const int code = submit_file(given, access, i, progress);
        if (worst == exit_code::done || code == exit_code::not_accepted) {
            worst = code == exit_code::done ? worst : code;
        }
        const std::size_t left = given.files.size() - i - 1;
        if (left > 0 && (code == exit_code::not_accepted || is_interrupted())) {
            // A full disk or a host that is gone refuses the next one too; the rest is named, so that it can be
            // repeated.
            progress.clear();
            complain(counted(left, "file") + " not submitted, from " + plain(given.files[i + 1]) + " on");
            return exit_code::not_accepted;
        }
    }
    return worst;
}

}  // namespace hawser::command
