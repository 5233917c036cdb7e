// What the engine logs, and how: one event a line on standard error. Settings hold for the whole process, so a program sets
// them before it opens a host. Thread-safe.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace hawser {

// level: debug, info, warning, error; format: text, json. False where a word is not one of these: nothing has changed then.
bool configure_log(const std::string& level, const std::string& format);

// One event of the embedding program's own in the same log, at level info.
void log_event(const std::string& event, const std::vector<std::pair<std::string, std::string>>& fields = {});

}  // namespace hawser
