// The log: one event a line, text for a terminal or JSON for a collector, on standard error. Never a body, password or
// token: callers pass names and numbers, and text from outside goes through printable(). Thread-safe; a line is one
// write.
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
void write(level severity, std::string_view event, std::initializer_list<field> fields = {});

inline void debug(std::string_view event, std::initializer_list<field> fields = {}) {
    write(level::debug, event, fields);
}
inline void info(std::string_view event, std::initializer_list<field> fields = {}) {
    write(level::info, event, fields);
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
