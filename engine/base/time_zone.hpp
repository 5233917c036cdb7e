// Local times of the IANA time zones, from the system's zone files (Debian: tzdata), which are read on first use: a
// process that asks for no zone reads none. "" names the system's zone: TZ of the process, else /etc/localtime; where
// neither names a known zone it is UTC, with one warning in the log. Thread-safe.
// The zone files list the clock changes of the years up to 2037; after that the last one stays.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hawser::engine {

// False also where the zone's file cannot be read. The functions below throw std::runtime_error for a name that this
// one has not accepted.
bool is_time_zone(const std::string& name);

std::vector<std::string> time_zone_names();  // in order; empty where the system has no zone files

// The name that a person meant by `word`: the spelling nearest to it, or the one zone of that city ("Berlin"); or "".
std::string nearest_time_zone(const std::string& word);

std::int64_t utc_offset_ms(const std::string& zone, std::int64_t unix_ms);  // east of Greenwich is positive

// When the clocks of the zone show this time. One that a clock change skips counts as the first one after the gap; one
// that occurs twice as its first occurrence. A day or minute past its range carries over: day 32, day 0, minute 1440.
std::int64_t unix_ms_of_local(const std::string& zone, int year, unsigned month, unsigned day, unsigned minute_of_day);

struct local_day {
    int year = 1970;
    unsigned month = 1;
    unsigned day = 1;
    unsigned weekday = 0;        // 0 = Monday
    unsigned minute_of_day = 0;  // as the clocks show it
};

local_day local_day_of(const std::string& zone, std::int64_t unix_ms);

}  // namespace hawser::engine
