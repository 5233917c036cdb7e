// What every verb prints, and where: results on standard output, troubles on standard error, each with the next thing
// to do. Stateless but for the streams; used on the main thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "hawser/host.hpp"
#include "host/command_line.hpp"

namespace hawser::command {

void print(std::string_view text);
void complain(std::string_view text);   // "hawser: text\n" on standard error

// True when all that was printed has been written: a full disk under standard output must not look like success.
bool flush_output();

// A failure of the whole verb: --json to standard output, else a sentence. Returns `exit_code`.
int report_failure(const arguments& given, const std::string& code, const std::string& text, int exit_code);

// Loads given.bindings; on errors prints all of them and returns null (then the exit code is exit_code::bad_bindings).
std::unique_ptr<configuration> load_or_complain(const arguments& given);

load_options load_options_of(const arguments& given);

// The bindings file and overlays as they have to be typed again in a suggested command.
std::string retyped(const arguments& given);

}  // namespace hawser::command
