// The exit codes of every verb: a contract with scripts (docs/operating.md). Never `queued` for what was not accepted:
// a script would lose the mail, or repeat what is already on its way.
#pragma once

#include "hawser/types.hpp"

namespace hawser::command {

namespace exit_code {
inline constexpr int done = 0;
inline constexpr int usage = 64;          // the command line is wrong
inline constexpr int bad_input = 65;      // the message or the request is wrong
inline constexpr int not_found = 66;      // nobody subscribes; no such message, port or part
inline constexpr int suspended = 69;      // durable, and somebody has to look at it
inline constexpr int not_accepted = 74;   // nothing was stored: try again
inline constexpr int queued = 75;         // durable, and tried again by itself
inline constexpr int bad_bindings = 78;
}  // namespace exit_code

constexpr int exit_code_of(answer_code code) {
    switch (code) {
    case answer_code::done: return exit_code::done;
    case answer_code::accepted: return exit_code::queued;
    case answer_code::suspended: return exit_code::suspended;
    case answer_code::not_accepted: return exit_code::not_accepted;
    case answer_code::bad_input: return exit_code::bad_input;
    case answer_code::no_subscriber:
    case answer_code::not_found: return exit_code::not_found;
    }
    return exit_code::not_accepted;
}

}  // namespace hawser::command
