// messages resume and messages terminate.
#include <limits>

#include "host/bus_access.hpp"
#include "host/exit_code.hpp"
#include "host/human.hpp"
#include "host/json_output.hpp"
#include "host/output.hpp"
#include "host/submission_input.hpp"
#include "host/verbs.hpp"

namespace hawser::command {
namespace {

// One filter for each ID, or a single one for --port and --all.
std::vector<message_filter> selections(const arguments& given, const std::string& state_of_many) {
    const std::uint32_t limit = given.limit > 0 ? given.limit : std::numeric_limits<std::uint32_t>::max();
    std::vector<message_filter> list;
    for (const std::string& id : given.names) {
        list.push_back({.message_id = id, .count_max = limit});
    }
    if (list.empty()) {
        list.push_back(
            {.port = given.port, .state = given.state.empty() ? state_of_many : given.state, .count_max = limit});
    }
    return list;
}

std::string name_of(const message_filter& filter) {
    return !filter.message_id.empty() ? filter.message_id : !filter.port.empty() ? filter.port : "all";
}

template <typename Change>
int change_each(const arguments& given, const std::vector<message_filter>& filters, const std::string& done_word,
                Change change) {
    int worst = exit_code::done;
    for (const message_filter& filter : filters) {
        const change_answer answer = change(filter);
        // Nothing to do is a failure only where one message was named.
        const bool is_nothing =
            answer.code == answer_code::not_found && filter.message_id.empty() && filter.port.empty();
        const int code = is_nothing ? exit_code::done : exit_code_of(answer.code);
        worst = worst == exit_code::done ? code : worst;
        if (given.is_json) {
            print(json_of(answer, name_of(filter), code));
        } else if (code == exit_code::done) {
            print(plain(name_of(filter)) + ": " + counted(answer.count, "message") + " " + done_word +
                  (answer.text.empty() ? "" : ": " + plain(answer.text)) + "\n");
        } else {
            complain(plain(name_of(filter)) + ": " +
                     (answer.text.empty() ? "no such message in a state that allows this" : plain(answer.text)));
        }
    }
    return worst;
}

}  // namespace

int messages_resume(const arguments& given) {
    std::vector<message_property> edits;
    for (const std::string& text : given.properties) {
        message_property property;
        if (const std::string problem = parse_property(text, property); !problem.empty()) {
            return report_failure(given, "input.bad", problem, exit_code::bad_input);
        }
        edits.push_back(std::move(property));
    }
    const bus_access access = open_to_look(given);
    if (!access.is_open()) {
        return access.exit_code;
    }
    return change_each(given, selections(given, "suspended"), "resumed",
                       [&](const message_filter& filter) { return access.bus().resume(filter, edits); });
}

int messages_terminate(const arguments& given) {
    const bus_access access = open_to_look(given);
    if (!access.is_open()) {
        return access.exit_code;
    }
    // Many at once are the suspended ones unless another state is asked for: nobody should lose a queue to a short
    // command.
    return change_each(given, selections(given, "suspended"), "terminated",
                       [&](const message_filter& filter) { return access.bus().terminate(filter); });
}

}  // namespace hawser::command
