#include "base/time_zone.hpp"

#include <date/tz.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <stdexcept>

#include "base/diagnostics.hpp"
#include "base/log.hpp"

namespace hawser::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// A link to /etc/localtime that Debian has among the zone files: another machine's zone by the same name is another.
constexpr const char* link_to_system_zone = "localtime";

// nullptr: not known. The library reads a zone's file when it is first asked about a time, and throws if it cannot.
const date::time_zone* find_zone(const std::string& name) {
    try {
        if (name.empty() || name == link_to_system_zone) {
            return nullptr;
        }
        const date::time_zone* zone = date::locate_zone(name);
        zone->get_info(date::sys_seconds{});
        return zone;
    } catch (const std::exception&) {
        return nullptr;
    }
}

// TZ as POSIX has it may begin with a colon, and may be a rule ("CET-1CEST"), which is no zone's name.
const date::time_zone* find_zone_of_process() {
    const char* variable = std::getenv("TZ");
    if (variable == nullptr || *variable == '\0') {
        return nullptr;
    }
    return find_zone(*variable == ':' ? variable + 1 : variable);
}

// nullptr: UTC.
const date::time_zone* system_zone() {
    if (const date::time_zone* zone = find_zone_of_process(); zone != nullptr) {
        return zone;
    }
    std::string reason;
    try {
        const date::time_zone* zone = date::current_zone();
        zone->get_info(date::sys_seconds{});
        return zone;
    } catch (const std::exception& failure) {
        reason = failure.what();
    }
    static std::once_flag is_reported;
    std::call_once(is_reported, [&] {
        log::warning("time.no_system_zone", {{"reason", printable(reason)},
                                             {"used", "UTC"},
                                             {"advice", "install tzdata, link /etc/localtime to a zone, or name one"}});
    });
    return nullptr;
}

const date::time_zone* zone_of(const std::string& name) {
    if (name.empty()) {
        return system_zone();
    }
    const date::time_zone* zone = find_zone(name);
    if (zone == nullptr) {
        throw std::runtime_error("there is no time zone \"" + printable(name, 60) + '"');
    }
    return zone;
}

date::sys_seconds to_seconds(std::int64_t unix_ms) {
    return date::sys_seconds{std::chrono::floor<seconds>(milliseconds{unix_ms})};
}

seconds offset_at(const date::time_zone* zone, date::sys_seconds when) {
    return zone == nullptr ? seconds{0} : zone->get_info(when).offset;
}

}  // namespace

bool is_time_zone(const std::string& name) { return find_zone(name) != nullptr; }

std::vector<std::string> time_zone_names() {
    std::vector<std::string> names;
    try {
        for (const date::time_zone& zone : date::get_tzdb().zones) {
            if (zone.name() != link_to_system_zone) {
                names.push_back(zone.name());
            }
        }
    } catch (const std::exception&) {
        names.clear();
    }
    std::sort(names.begin(), names.end());
    return names;
}

std::string nearest_time_zone(const std::string& word) {
    constexpr std::size_t name_size_max = 64;
    if (word.size() > name_size_max) {
        return "";  // no name is as long, and comparing takes time
    }
    const std::vector<std::string> names = time_zone_names();
    std::vector<std::string> cities;
    for (const std::string& name : names) {
        cities.push_back(name.substr(name.rfind('/') + 1));
    }
    if (const std::string near = nearest_name(word, names); !near.empty()) {
        return near;
    }
    const std::string city = nearest_name(word, cities);
    if (city.empty() || std::count(cities.begin(), cities.end(), city) != 1) {
        return "";
    }
    return names[static_cast<std::size_t>(std::find(cities.begin(), cities.end(), city) - cities.begin())];
}

std::int64_t utc_offset_ms(const std::string& zone, std::int64_t unix_ms) {
    return milliseconds{offset_at(zone_of(zone), to_seconds(unix_ms))}.count();
}

std::int64_t unix_ms_of_local(const std::string& zone, int year, unsigned month, unsigned day, unsigned minute_of_day) {
    const date::local_days first_of_month{date::year{year} / static_cast<int>(month) / 1};
    const date::local_seconds local =
        first_of_month + date::days{static_cast<int>(day) - 1} + minutes{static_cast<int>(minute_of_day)};
    date::sys_seconds when{local.time_since_epoch()};
    if (const date::time_zone* found = zone_of(zone); found != nullptr) {
        const date::local_info info = found->get_info(local);
        when = info.result == date::local_info::nonexistent ? info.first.end : when - info.first.offset;
    }
    return milliseconds{when.time_since_epoch()}.count();
}

local_day local_day_of(const std::string& zone, std::int64_t unix_ms) {
    const date::sys_seconds when = to_seconds(unix_ms);
    const date::local_seconds local{(when + offset_at(zone_of(zone), when)).time_since_epoch()};
    const auto midnight = std::chrono::floor<date::days>(local);
    const date::year_month_day calendar{midnight};
    return {static_cast<int>(calendar.year()), static_cast<unsigned>(calendar.month()),
            static_cast<unsigned>(calendar.day()), date::weekday{midnight}.iso_encoding() - 1,
            static_cast<unsigned>(std::chrono::duration_cast<minutes>(local - midnight).count())};
}

}  // namespace hawser::engine
