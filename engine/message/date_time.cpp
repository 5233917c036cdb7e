#include "message/date_time.hpp"

#include <algorithm>
#include <chrono>

namespace hawser::engine {
namespace {

constexpr std::size_t zone_at = 19;  // or the fraction
constexpr std::size_t fraction_digits = 7;

bool is_digits(std::string_view text, std::size_t from, std::size_t count) {
    return text.size() >= from + count && std::all_of(text.begin() + static_cast<std::ptrdiff_t>(from),
                                                      text.begin() + static_cast<std::ptrdiff_t>(from + count),
                                                      [](char c) { return c >= '0' && c <= '9'; });
}

int number_at(std::string_view text, std::size_t from, std::size_t count) {
    int value = 0;
    for (const char c : text.substr(from, count)) {
        value = value * 10 + (c - '0');
    }
    return value;
}

// Of "Z" or "+01:00", behind the fraction.
std::size_t zone_begin(std::string_view text) {
    return text[zone_at] != '.' ? zone_at : std::min(text.find_first_not_of("0123456789", zone_at + 1), text.size());
}

std::int64_t fraction_of(std::string_view text, std::size_t end) {
    std::int64_t steps = 0;
    for (std::size_t i = 0; i < fraction_digits; ++i) {
        const std::size_t at = zone_at + 1 + i;
        steps = steps * 10 + (at < end ? text[at] - '0' : 0);
    }
    return steps;
}

}  // namespace

bool is_date_time(std::string_view text) noexcept {
    if (!is_digits(text, 0, 4) || !is_digits(text, 5, 2) || !is_digits(text, 8, 2) || !is_digits(text, 11, 2) ||
        !is_digits(text, 14, 2) || !is_digits(text, 17, 2) || text.size() == zone_at || text[4] != '-' ||
        text[7] != '-' || (text[10] != 'T' && text[10] != 't') || text[13] != ':' || text[16] != ':') {
        return false;
    }
    const std::size_t begin = zone_begin(text);
    if (begin == zone_at + 1) {  // a point and no digit
        return false;
    }
    const std::string_view zone = text.substr(begin);
    return zone == "Z" || zone == "z" ||
           (zone.size() == 6 && (zone[0] == '+' || zone[0] == '-') && is_digits(zone, 1, 2) && zone[3] == ':' &&
            is_digits(zone, 4, 2));
}

std::optional<std::int64_t> instant_of(std::string_view text) noexcept {
    if (!is_date_time(text)) {
        return std::nullopt;
    }
    const std::chrono::year_month_day date{std::chrono::year(number_at(text, 0, 4)),
                                           std::chrono::month(static_cast<unsigned>(number_at(text, 5, 2))),
                                           std::chrono::day(static_cast<unsigned>(number_at(text, 8, 2)))};
    const int hour = number_at(text, 11, 2);
    const int minute = number_at(text, 14, 2);
    const int second = number_at(text, 17, 2);  // 60 is a leap second
    const std::size_t zone = zone_begin(text);
    const bool is_utc = text.size() == zone + 1;
    const int offset_hour = is_utc ? 0 : number_at(text, zone + 1, 2);
    const int offset_minute = is_utc ? 0 : number_at(text, zone + 4, 2);
    if (!date.ok() || hour > 23 || minute > 59 || second > 60 || offset_hour > 23 || offset_minute > 59) {
        return std::nullopt;
    }
    constexpr std::int64_t steps_of_second = 10'000'000;
    const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
    const std::int64_t offset = (offset_hour * 60 + offset_minute) * (text[zone] == '-' ? -1 : 1);
    const std::int64_t seconds = ((days * 24 + hour) * 60 + minute - offset) * 60 + second;
    return seconds * steps_of_second + (zone > zone_at ? fraction_of(text, zone) : 0);
}

}  // namespace hawser::engine
