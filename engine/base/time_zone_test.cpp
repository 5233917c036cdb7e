#include "base/time_zone.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

using namespace hawser::engine;

namespace {

constexpr std::int64_t minute_ms = 60 * 1000;
constexpr std::int64_t hour_ms = 60 * minute_ms;

std::int64_t utc(int year, unsigned month, unsigned day, unsigned minute_of_day) {
    return unix_ms_of_local("UTC", year, month, day, minute_of_day);
}

unsigned at(unsigned hour, unsigned minute = 0) { return hour * 60 + minute; }

void check_day(const local_day& day, int year, unsigned month, unsigned day_of_month, unsigned weekday,
               unsigned minute_of_day) {
    CHECK(day.year == year);
    CHECK(day.month == month);
    CHECK(day.day == day_of_month);
    CHECK(day.weekday == weekday);
    CHECK(day.minute_of_day == minute_of_day);
}

// Sets TZ for one test, and gives back what was there.
class process_zone {
public:
    explicit process_zone(const char* value) {
        if (const char* before = std::getenv("TZ"); before != nullptr) {
            before_ = before;
            had_one_ = true;
        }
        ::setenv("TZ", value, 1);
    }
    ~process_zone() {
        if (had_one_) {
            ::setenv("TZ", before_.c_str(), 1);
        } else {
            ::unsetenv("TZ");
        }
    }

private:
    std::string before_;
    bool had_one_ = false;
};

}  // namespace

TEST_CASE("IANA names are known, and nothing else is") {
    for (const char* name : {"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Etc/GMT+5"}) {
        CHECK(is_time_zone(name));
    }
    for (const char* name : {"", "localtime", "europe/berlin", "Europe", "CET-1CEST", "/etc/passwd", "../../etc/passwd",
                             "posix/UTC", "zone.tab", "W. Europe Standard Time"}) {
        CHECK_FALSE(is_time_zone(name));
    }
    CHECK_FALSE(is_time_zone(std::string("UTC\0x", 5)));
    CHECK_FALSE(is_time_zone(std::string(100000, 'x')));
    const std::vector<std::string> names = time_zone_names();
    CHECK(names.size() > 300);
    CHECK(std::is_sorted(names.begin(), names.end()));
    CHECK(std::count(names.begin(), names.end(), "localtime") == 0);
    CHECK(std::all_of(names.begin(), names.end(), is_time_zone));
}

TEST_CASE("a name that is nearly right is found, by its spelling or its city") {
    CHECK(nearest_time_zone("europe/berlin") == "Europe/Berlin");
    CHECK(nearest_time_zone("Europe/Berln") == "Europe/Berlin");
    CHECK(nearest_time_zone("Berlin") == "Europe/Berlin");
    CHECK(nearest_time_zone("new york") == "America/New_York");
    CHECK(nearest_time_zone("somewhere over the rainbow").empty());
    CHECK(nearest_time_zone("").empty());
    CHECK(nearest_time_zone(std::string(10'000'000, 'x')).empty());
}

TEST_CASE("a zone that is not known is an error and not another zone") {
    CHECK_THROWS_AS(utc_offset_ms("Europe/Berln", 0), std::runtime_error);
    CHECK_THROWS_AS(local_day_of("Nowhere", 0), std::runtime_error);
    CHECK_THROWS_AS(unix_ms_of_local("Nowhere", 2026, 1, 1, 0), std::runtime_error);
}

TEST_CASE("UTC has no offset, and days and minutes past their range carry over") {
    CHECK(utc(1970, 1, 1, 0) == 0);
    CHECK(utc(2026, 11, 25, at(8)) == 1795593600000);
    CHECK(utc_offset_ms("UTC", 1795593600000) == 0);
    check_day(local_day_of("UTC", 1795593600000 + 59'999), 2026, 11, 25, 2, at(8));
    check_day(local_day_of("UTC", -1), 1969, 12, 31, 2, at(23, 59));
    CHECK(utc(2026, 12, 32, 0) == utc(2027, 1, 1, 0));
    CHECK(utc(2028, 2, 30, 0) == utc(2028, 3, 1, 0));
    CHECK(utc(2026, 3, 0, 0) == utc(2026, 2, 28, 0));
    CHECK(utc(2026, 12, 31, at(24)) == utc(2027, 1, 1, 0));
}

TEST_CASE("Europe/Berlin: the hour that is skipped in March, and the one that comes twice in October") {
    const std::string berlin = "Europe/Berlin";
    CHECK(utc_offset_ms(berlin, utc(2026, 3, 29, at(0, 59))) == hour_ms);
    CHECK(utc_offset_ms(berlin, utc(2026, 3, 29, at(1))) == 2 * hour_ms);
    CHECK(unix_ms_of_local(berlin, 2026, 3, 29, at(1, 59)) == utc(2026, 3, 29, at(0, 59)));
    CHECK(unix_ms_of_local(berlin, 2026, 3, 29, at(2)) == utc(2026, 3, 29, at(1)));
    CHECK(unix_ms_of_local(berlin, 2026, 3, 29, at(2, 59)) == utc(2026, 3, 29, at(1)));
    CHECK(unix_ms_of_local(berlin, 2026, 3, 29, at(3)) == utc(2026, 3, 29, at(1)));
    check_day(local_day_of(berlin, utc(2026, 3, 29, at(1))), 2026, 3, 29, 6, at(3));

    CHECK(unix_ms_of_local(berlin, 2026, 10, 25, at(2, 30)) == utc(2026, 10, 25, at(0, 30)));
    CHECK(unix_ms_of_local(berlin, 2026, 10, 25, at(3)) == utc(2026, 10, 25, at(2)));
    check_day(local_day_of(berlin, utc(2026, 10, 25, at(0, 30))), 2026, 10, 25, 6, at(2, 30));
    check_day(local_day_of(berlin, utc(2026, 10, 25, at(1, 30))), 2026, 10, 25, 6, at(2, 30));

    CHECK(unix_ms_of_local(berlin, 2026, 3, 30, 0) - unix_ms_of_local(berlin, 2026, 3, 29, 0) == 23 * hour_ms);
    CHECK(unix_ms_of_local(berlin, 2026, 10, 26, 0) - unix_ms_of_local(berlin, 2026, 10, 25, 0) == 25 * hour_ms);
    CHECK(unix_ms_of_local(berlin, 2026, 10, 25, at(24)) == unix_ms_of_local(berlin, 2026, 10, 26, 0));
}

TEST_CASE("America/New_York changes its clocks on other days, and is west of Greenwich") {
    const std::string york = "America/New_York";
    CHECK(utc_offset_ms(york, utc(2026, 3, 8, at(6, 59))) == -5 * hour_ms);
    CHECK(utc_offset_ms(york, utc(2026, 3, 8, at(7))) == -4 * hour_ms);
    CHECK(unix_ms_of_local(york, 2026, 3, 8, at(2, 30)) == utc(2026, 3, 8, at(7)));
    CHECK(unix_ms_of_local(york, 2026, 11, 1, at(1, 30)) == utc(2026, 11, 1, at(5, 30)));
    check_day(local_day_of(york, utc(2026, 11, 1, at(6, 30))), 2026, 11, 1, 6, at(1, 30));
    check_day(local_day_of(york, utc(2026, 1, 1, at(4, 59))), 2025, 12, 31, 2, at(23, 59));
}

TEST_CASE("Australia/Lord_Howe moves its clocks by half an hour") {
    const std::string howe = "Australia/Lord_Howe";
    CHECK(utc_offset_ms(howe, utc(2026, 7, 1, 0)) == 10 * hour_ms + 30 * minute_ms);
    CHECK(utc_offset_ms(howe, utc(2026, 12, 1, 0)) == 11 * hour_ms);
    CHECK(unix_ms_of_local(howe, 2026, 10, 4, at(2, 15)) == utc(2026, 10, 3, at(15, 30)));
    CHECK(unix_ms_of_local(howe, 2026, 10, 4, at(2, 30)) == utc(2026, 10, 3, at(15, 30)));
    CHECK(unix_ms_of_local(howe, 2026, 4, 5, at(1, 45)) == utc(2026, 4, 4, at(14, 45)));
    check_day(local_day_of(howe, utc(2026, 4, 4, at(15, 15))), 2026, 4, 5, 6, at(1, 45));
}

TEST_CASE("the system's zone is that of TZ, and never throws") {
    {
        const process_zone there(":America/New_York");
        CHECK(utc_offset_ms("", utc(2026, 7, 1, 0)) == -4 * hour_ms);
    }
    const std::int64_t of_system = [] {
        const process_zone none("");
        return utc_offset_ms("", 0);
    }();
    for (const char* unusable : {"CET-1CEST", "../../etc/passwd", "Nowhere/At_All"}) {
        const process_zone odd(unusable);
        CHECK(utc_offset_ms("", 0) == of_system);
    }
}
