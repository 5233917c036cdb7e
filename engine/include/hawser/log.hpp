// What the engine logs, and how: one event a line on standard error. Settings hold for the whole process, so a program
// sets them before it opens a host. Thread-safe; nothing here throws but for want of memory.
#pragma once

#include <array>
#include <string>

namespace hawser {

// level: debug, info, warning, error; format: text, json. False where a word is not one of these: nothing has changed
// then.
bool configure_log(const std::string& level, const std::string& format);

struct log_field {
    std::string name;
    std::string value;
};

// One event of the embedding program's own in the same log, at level info; fields without a name are left out.
void log_event(const std::string& event, const std::array<log_field, 3>& fields = {});

}  // namespace hawser
