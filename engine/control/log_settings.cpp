// The public face of the log (hawser/log.hpp).
#include "hawser/log.hpp"

#include "base/log.hpp"

namespace hawser {

namespace log = engine::log;

bool configure_log(const std::string& level, const std::string& format) {
    log::level lowest = log::level::info;
    if (level == "debug") {
        lowest = log::level::debug;
    } else if (level == "warning") {
        lowest = log::level::warning;
    } else if (level == "error") {
        lowest = log::level::error;
    } else if (level != "info") {
        return false;
    }
    if (format != "text" && format != "json") {
        return false;
    }
    log::configure(lowest, format == "json" ? log::format::json : log::format::text);
    return true;
}

void log_event(const std::string& event, const std::array<log_field, 3>& fields) {
    const auto field = [&fields](std::size_t i) { return log::field{fields[i].name, fields[i].value}; };
    if (fields[0].name.empty()) {
        log::info(event);
    } else if (fields[1].name.empty()) {
        log::info(event, {field(0)});
    } else if (fields[2].name.empty()) {
        log::info(event, {field(0), field(1)});
    } else {
        log::info(event, {field(0), field(1), field(2)});
    }
}

}  // namespace hawser
