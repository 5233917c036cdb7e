#include "host/values.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <string_view>
#include <utility>

namespace hawser::command {
namespace {

constexpr std::int64_t minute_ms = 60'000;
constexpr std::int64_t hour_ms = 60 * minute_ms;
constexpr std::int64_t day_ms = 24 * hour_ms;

// Takes `count` digits from the front; -1 where there are none.
std::int64_t take_number(std::string_view& text, std::size_t count) {
    std::int64_t number = 0;
    if (text.size() < count) {
        return -1;
    }
    for (std::size_t i = 0; i < count; ++i) {
        if (text[i] < '0' || text[i] > '9') {
            return -1;
        }
        number = number * 10 + (text[i] - '0');
    }
    text.remove_prefix(count);
    return number;
}

bool take(std::string_view& text, char wanted) {
    const bool is_there = !text.empty() && text.front() == wanted;
    text.remove_prefix(is_there ? 1 : 0);
    return is_there;
}

// ":30.125" after the minutes, in milliseconds; more digits than three are cut.
std::optional<std::int64_t> take_seconds(std::string_view& text) {
    if (!take(text, ':')) {
        return 0;
    }
    const std::int64_t seconds = take_number(text, 2);
    if (seconds < 0 || seconds > 59) {
        return std::nullopt;
    }
    std::int64_t milliseconds = 0;
    if (take(text, '.')) {
        const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
        if (digits == 0) {
            return std::nullopt;
        }
        std::string fraction(text.substr(0, std::min<std::size_t>(digits, 3)));
        fraction.resize(3, '0');
        std::string_view three = fraction;
        milliseconds = take_number(three, 3);
        text.remove_prefix(digits);
    }
    return seconds * 1000 + milliseconds;
}

// "Z", "+01:00", or nothing (UTC): what it is ahead of UTC.
std::optional<std::int64_t> take_zone(std::string_view& text) {
    if (text.empty() || take(text, 'Z') || take(text, 'z')) {
        return 0;
    }
    const bool is_east = text.front() == '+';
    if (!is_east && text.front() != '-') {
        return std::nullopt;
    }
    text.remove_prefix(1);
    const std::int64_t hours = take_number(text, 2);
    take(text, ':');
    const std::int64_t minutes = take_number(text, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) {
        return std::nullopt;
    }
    return (is_east ? 1 : -1) * (hours * hour_ms + minutes * minute_ms);
}

// "T08:00:30.5+01:00", as milliseconds after midnight UTC.
std::optional<std::int64_t> take_time_of_day(std::string_view& text) {
    if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) {
        return std::nullopt;
    }
    const std::int64_t hours = take_number(text, 2);
    const bool has_colon = take(text, ':');
    const std::int64_t minutes = has_colon ? take_number(text, 2) : -1;
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) {
        return std::nullopt;
    }
    const std::optional<std::int64_t> seconds_ms = take_seconds(text);
    const std::optional<std::int64_t> zone_ms = seconds_ms ? take_zone(text) : std::nullopt;
    if (!zone_ms) {
        return std::nullopt;
    }
    return hours * hour_ms + minutes * minute_ms + *seconds_ms - *zone_ms;
}

}  // namespace

std::optional<std::int64_t> parse_duration_ms(const std::string& text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || number < 0) {
        return std::nullopt;
    }
    const std::string unit(end, text.data() + text.size());
    std::int64_t factor = 0;
    for (const auto& [name, milliseconds] : {std::pair<const char*, std::int64_t>{"ms", 1},
                                             {"", 1000},
                                             {"s", 1000},
                                             {"m", 60'000},
                                             {"h", 3'600'000},
                                             {"d", 86'400'000}}) {
        if (unit == name) {
            factor = milliseconds;
        }
    }
    constexpr std::int64_t duration_max_ms = 3650LL * 86'400'000;
    if (factor == 0 || number > duration_max_ms / factor) {
        return std::nullopt;
    }
    return number * factor;
}

std::optional<std::int64_t> parse_date_unix_ms(const std::string& written) {
    std::string_view text = written;
    const std::int64_t year = take_number(text, 4);
    const bool has_month = take(text, '-');
    const std::int64_t month = has_month ? take_number(text, 2) : -1;
    const bool has_day = take(text, '-');
    const std::int64_t day = has_day ? take_number(text, 2) : -1;
    if (year < 1970 || month < 0 || day < 0) {
        return std::nullopt;
    }
    const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(year)),
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (!date.ok()) {
        return std::nullopt;
    }
    const std::int64_t midnight_ms = std::chrono::sys_days(date).time_since_epoch().count() * day_ms;
    if (text.empty()) {
        return midnight_ms;
    }
    const std::optional<std::int64_t> time_ms = take_time_of_day(text);
    return time_ms && text.empty() ? std::optional(midnight_ms + *time_ms) : std::nullopt;
}

std::optional<change_rate> parse_rate(const std::string& text) {
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    const std::string unit(end, text.data() + text.size());
    constexpr std::int64_t count_max = 1'000'000'000;
    if (error != std::errc{} || count < 1 || count > count_max) {
        return std::nullopt;
    }
    for (const auto& [name, milliseconds] :
         {std::pair<const char*, std::int64_t>{"/s", 1000}, {"/m", minute_ms}, {"/h", hour_ms}}) {
        if (unit == name) {
            return change_rate{count, milliseconds};
        }
    }
    return std::nullopt;
}

std::optional<std::pair<std::uint64_t, std::string>> parse_record_hash(const std::string& text) {
    constexpr std::size_t hash_size = 64;
    const std::size_t colon = text.find(':');
    std::uint64_t record = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + std::min(colon, text.size()), record);
    const std::string hash = colon == std::string::npos ? "" : text.substr(colon + 1);
    if (failure != std::errc{} || end != text.data() + colon || hash.size() != hash_size ||
        hash.find_first_not_of("0123456789abcdef") != std::string::npos) {
        return std::nullopt;
    }
    return std::pair{record, hash};
}

}  // namespace hawser::command
