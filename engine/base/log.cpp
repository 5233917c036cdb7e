#include "base/log.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <chrono>

namespace hawser::engine {
namespace log {
namespace {

std::atomic<level> lowest_level{level::info};
std::atomic<format> line_format{format::text};

std::string_view name_of(level severity) {
    switch (severity) {
    case level::debug: return "debug";
    case level::info: return "info";
    case level::warning: return "warning";
    case level::error: return "error";
    }
    return "error";
}

void append_json_string(std::string& line, std::string_view text) {
    line += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            line += '\\';
            line += c;
        } else if (byte < 0x20 || byte == 0x7f) {
            line += fmt::format("\\u{:04x}", byte);
        } else {
            line += c;
        }
    }
    line += '"';
}

std::string timestamp() {
    const auto now = std::chrono::system_clock::now();
    const auto milliseconds =
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(now)),
                       milliseconds);
}

}  // namespace

void configure(level lowest, format how) {
    lowest_level = lowest;
    line_format = how;
}

bool is_enabled(level wanted) noexcept { return wanted >= lowest_level.load(std::memory_order_relaxed); }

void write(level severity, std::string_view event, std::initializer_list<field> fields) {
    if (!is_enabled(severity)) {
        return;
    }
    std::string line;
    if (line_format.load(std::memory_order_relaxed) == format::json) {
        line = fmt::format(R"({{"time":"{}","level":"{}","event":)", timestamp(), name_of(severity));
        append_json_string(line, event);
        for (const field& one : fields) {
            line += ',';
            append_json_string(line, one.name);
            line += ':';
            append_json_string(line, one.value);
        }
        line += "}\n";
    } else {
        line = fmt::format("{} {:7} {}", timestamp(), name_of(severity), event);
        for (const field& one : fields) {
            line += fmt::format("  {}={}", one.name, printable(one.value, 2048));
        }
        line += '\n';
    }
    // A log that cannot be written must not stop the bus: there is nowhere left to report it.
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace log

std::string printable(std::string_view text, std::size_t size_max) {
    std::string shown;
    shown.reserve(std::min(text.size(), size_max));
    for (const char c : text) {
        if (shown.size() >= size_max) {
            return shown + "...";
        }
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f) {
            shown += fmt::format("\\x{:02x}", byte);
        } else {
            shown += c;
        }
    }
    return shown;
}

}  // namespace hawser::engine
