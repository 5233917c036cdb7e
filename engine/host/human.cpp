#include "host/human.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>

namespace hawser::command {
namespace {

std::string formatted(const char* format, double value, const char* unit) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), format, value, unit);
    return text.data();
}

// Characters, not bytes, so that names outside ASCII stay aligned.
std::size_t width_of(const std::string& text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// Length of the well-formed UTF-8 sequence at `at` (RFC 3629), 0 when there is none. C1 controls count as not
// well-formed.
std::size_t sequence_length(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
    const unsigned first = byte(at);
    const std::size_t length = first >= 0xC2 && first <= 0xDF   ? 2
                               : (first & 0xF0) == 0xE0         ? 3
                               : first >= 0xF0 && first <= 0xF4 ? 4
                                                                : 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(at + i) & 0xC0) != 0x80) {
            return 0;
        }
    }
    const unsigned second = byte(at + 1);
    const bool is_wrong = (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
                          (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F) ||
                          (first == 0xC2 && second < 0xA0);
    return is_wrong ? 0 : length;
}

}  // namespace

std::string human_size(std::uint64_t bytes) {
    if (bytes < 1024) {
        return std::to_string(bytes) + " B";
    }
    double value = static_cast<double>(bytes);
    const char* unit = "";
    for (const char* next : {"KiB", "MiB", "GiB", "TiB", "PiB"}) {
        value /= 1024;
        unit = next;
        if (value < 1023.5) {
            break;
        }
    }
    return formatted(value < 9.95 ? "%.1f %s" : "%.0f %s", value, unit);
}

std::string human_duration(std::int64_t milliseconds) {
    milliseconds = std::max<std::int64_t>(milliseconds, 0);
    if (milliseconds < 10'000) {
        return formatted("%.1f %s", static_cast<double>(milliseconds) / 1000, "s");
    }
    const std::int64_t seconds = milliseconds / 1000;
    if (seconds < 120) {
        return std::to_string(seconds) + " s";
    }
    const std::int64_t minutes = seconds / 60;
    if (minutes < 120) {
        return std::to_string(minutes) + " min";
    }
    const std::int64_t hours = minutes / 60;
    if (hours < 48) {
        return std::to_string(hours) + " h " + std::to_string(minutes % 60) + " min";
    }
    return std::to_string(hours / 24) + " d " + std::to_string(hours % 24) + " h";
}

std::string time_text(std::int64_t unix_ms) {
    if (unix_ms == 0) {
        return {};
    }
    std::int64_t seconds = unix_ms / 1000;
    std::int64_t rest_ms = unix_ms % 1000;
    if (rest_ms < 0) {
        --seconds;
        rest_ms += 1000;
    }
    const std::time_t when = seconds;
    std::tm parts{};
    if (::gmtime_r(&when, &parts) == nullptr) {
        return {};
    }
    std::array<char, 80> text{};
    std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900,
                  parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                  static_cast<int>(rest_ms));
    return text.data();
}

std::int64_t now_unix_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

std::string plain(std::string_view text) {
    std::string made;
    for (std::size_t at = 0; at < text.size();) {
        const auto byte = static_cast<unsigned char>(text[at]);
        const std::size_t length = byte < 0x80 ? (byte >= 0x20 && byte != 0x7f ? 1 : 0) : sequence_length(text, at);
        if (length > 0) {
            made += text.substr(at, length);
            at += length;
        } else {
            std::array<char, 8> escaped{};
            std::snprintf(escaped.data(), escaped.size(), "\\x%02x", byte);
            made += escaped.data();
            ++at;
        }
    }
    return made;
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) {
        text += (text.empty() ? "" : ", ") + word;
    }
    return text;
}

std::string counted(std::uint64_t count, const std::string& singular) {
    return std::to_string(count) + " " + singular + (count == 1 ? "" : "s");
}

std::string text_table::text() const {
    std::vector<std::size_t> widths;
    for (const std::vector<std::string>& row : rows_) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], width_of(row[i]));
        }
    }
    std::string made;
    for (const std::vector<std::string>& row : rows_) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            const std::string padding(widths[i] - width_of(row[i]), ' ');
            const bool is_right = std::find(right_.begin(), right_.end(), i) != right_.end();
            line += is_right ? padding + row[i] : i + 1 < row.size() ? row[i] + padding : row[i];
            line += i + 1 < row.size() ? "  " : "";
        }
        line.erase(line.find_last_not_of(' ') + 1);
        made += line + '\n';
    }
    return made;
}

}  // namespace hawser::command
