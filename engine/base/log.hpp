// The log: one event a line, text for a terminal or JSON for a collector, on standard error. Never a body, password or
// token: callers pass names and numbers, and text from outside goes through printable(). Thread-safe; a line is written
// whole.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace hawser::engine::log {

enum class level : std::uint8_t { debug = 1, info, warning, error };
enum class format : std::uint8_t { text = 1, json };

struct field {
    std::string_view name;
    std::string value;
};

void configure(level lowest, format how);
bool is_enabled(level wanted) noexcept;
enum class urgency : std::uint8_t { at_once = 1, soon };
void write(level severity, std::string_view event, std::initializer_list<field> fields = {},
           urgency how = urgency::at_once);

// While there is one, lines that are to be written soon are written together, after a moment, by a thread of its own:
// whoever tells what was delivered does not wait for whoever reads the log. Any other line is written at once, behind
// those that wait. At most 1 MiB waits; then the next line waits for the reader, as without. A process that is killed
// takes the last moment's lines with it.
class buffering {
public:
    buffering();  // std::system_error: there is no thread for it
    ~buffering();
    buffering(const buffering&) = delete;
    buffering& operator=(const buffering&) = delete;
};

inline void debug(std::string_view event, std::initializer_list<field> fields = {}) {
    write(level::debug, event, fields);
}
inline void info(std::string_view event, std::initializer_list<field> fields = {}) {
    write(level::info, event, fields);
}
// Of what happens with every message.
inline void info_soon(std::string_view event, std::initializer_list<field> fields = {}) {
    write(level::info, event, fields, urgency::soon);
}
inline void warning(std::string_view event, std::initializer_list<field> fields = {}) {
    write(level::warning, event, fields);
}
inline void error(std::string_view event, std::initializer_list<field> fields = {}) {
    write(level::error, event, fields);
}

}  // namespace hawser::engine::log

namespace hawser::engine {

// Text from a server or a message made fit to show: control characters as \xNN, at most `size_max` bytes, then "...".
std::string printable(std::string_view text, std::size_t size_max = 512);

}  // namespace hawser::engine
