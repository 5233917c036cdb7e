#include <unistd.h>

#include "host/exit_code.hpp"
#include "host/output.hpp"
#include "host/submission_input.hpp"
#include "host/verbs.hpp"

namespace hawser::command {

int preview(const arguments& given) {
    const std::unique_ptr<configuration> loaded = load_or_complain(given);
    if (!loaded) {
        return exit_code::bad_bindings;
    }
    submission_input input;
    if (const std::string problem = input.build(given, given.files.front()); !problem.empty()) {
        return report_failure(given, "input.bad", problem, exit_code::bad_input);
    }
    const change_answer answer = hawser::preview(*loaded, input.message(), STDOUT_FILENO);
    const int code = exit_code_of(answer.code);
    if (code != exit_code::done) {
        return report_failure(given, "preview.failed", answer.text, code);
    }
    return exit_code::done;
}

}  // namespace hawser::command
