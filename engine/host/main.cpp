// The `hawser` command: finds the verb, runs it, and turns whatever comes of it into an exit code.
#include <csignal>
#include <cstdio>
#include <exception>
#include <utility>

#include "hawser/host.hpp"
#include "hawser/log.hpp"
#include "host/exit_code.hpp"
#include "host/output.hpp"
#include "host/verbs.hpp"

namespace {

using namespace hawser::command;

using verb_function = int (*)(const arguments&);

verb_function find_verb(const std::string& name) {
    static constexpr std::pair<const char*, verb_function> verbs[] = {{"check", check},
                                                                      {"run", run},
                                                                      {"reload", reload},
                                                                      {"send", send},
                                                                      {"submit", submit},
                                                                      {"preview", preview},
                                                                      {"smtp probe", smtp_probe},
                                                                      {"certificates list", certificates_list},
                                                                      {"certificates check", certificates_check},
                                                                      {"messages list", messages_list},
                                                                      {"messages show", messages_show},
                                                                      {"messages resume", messages_resume},
                                                                      {"messages terminate", messages_terminate},
                                                                      {"messages save", messages_save},
                                                                      {"ports list", ports_list},
                                                                      {"ports start", ports_change},
                                                                      {"ports stop", ports_change},
                                                                      {"ports enlist", ports_change},
                                                                      {"ports unenlist", ports_change},
                                                                      {"status", status},
                                                                      {"plugins list", plugins_list},
                                                                      {"plugins show", plugins_show},
                                                                      {"schema", schema},
                                                                      {"audit verify", audit_verify},
                                                                      {"audit show", audit_show},
                                                                      {"audit export", audit_export}};
    for (const auto& [known, function] : verbs) {
        if (name == known) {
            return function;
        }
    }
    return nullptr;
}

int run_verb(const arguments& given) {
    // The other verbs say themselves what became of a message; the log would say it twice.
    const std::string own_default = given.verb == "run" ? "info" : "error";
    hawser::configure_log(given.log_level.empty() ? own_default : given.log_level, given.log_format);
    try {
        const int code = find_verb(given.verb)(given);
        if (!flush_output() && code == exit_code::done) {
            complain("standard output cannot be written");
            return exit_code::not_accepted;
        }
        return code;
    } catch (const std::exception& failure) {
        const int code = report_failure(given, "failed", failure.what(), exit_code::not_accepted);
        flush_output();
        return code;
    }
}

}  // namespace

int main(int count, char** words) {
    std::signal(SIGPIPE, SIG_IGN);   // a closed pipe or connection is an error like others, where it is written to
    try {
        const parsed_command_line parsed = parse_command_line(count, words, hawser::version());
        if (parsed.exit_code) {
            std::fputs(parsed.text.c_str(), *parsed.exit_code == exit_code::done ? stdout : stderr);
            return flush_output() ? *parsed.exit_code : exit_code::not_accepted;
        }
        return run_verb(parsed.values);
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "hawser: %s\n", failure.what());
        return exit_code::not_accepted;
    }
}
