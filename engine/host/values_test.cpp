#include "host/values.hpp"

#include <doctest/doctest.h>

using namespace hawser::command;

TEST_CASE("durations") {
    CHECK(parse_duration_ms("250ms") == 250);
    CHECK(parse_duration_ms("90") == 90'000);
    CHECK(parse_duration_ms("90s") == 90'000);
    CHECK(parse_duration_ms("10m") == 600'000);
    CHECK(parse_duration_ms("2h") == 7'200'000);
    CHECK(parse_duration_ms("1d") == 86'400'000);
    CHECK(parse_duration_ms("0") == 0);
    for (const char* wrong :
         {"", "m", "-1s", "1.5h", "1w", "10 m", "99999999999999999999s", "9223372036854775807d", "1mm"}) {
        CAPTURE(wrong);
        CHECK_FALSE(parse_duration_ms(wrong));
    }
}

TEST_CASE("dates and times are ISO 8601, and UTC unless they say another zone") {
    constexpr std::int64_t day = 1'795'478'400'000;  // 2026-11-24
    CHECK(parse_date_unix_ms("1970-01-01") == 0);
    CHECK(parse_date_unix_ms("2026-11-24") == day);
    CHECK(parse_date_unix_ms("2024-02-29T00:00Z") == 1'709'164'800'000);
    CHECK(parse_date_unix_ms("2026-11-24T08:30") == day + 30'600'000);
    CHECK(parse_date_unix_ms("2026-11-24 08:30") == day + 30'600'000);
    CHECK(parse_date_unix_ms("2026-11-24T08:30:05.25Z") == day + 30'605'250);
    CHECK(parse_date_unix_ms("2026-11-24T08:30:05.1239Z") == day + 30'605'123);
    CHECK(parse_date_unix_ms("2026-11-24T01:00+01:00") == day);
    CHECK(parse_date_unix_ms("2026-11-23T16:00:00-0800") == day);
    for (const char* wrong :
         {"", "2026", "2026-11", "2026-13-01", "2026-02-30", "1969-12-31", "2026-11-24T", "2026-11-24T8:00",
          "2026-11-24T24:00", "2026-11-24T08:60", "2026-11-24T08:00:61", "2026-11-24T08:00:00.", "2026-11-24T08:00X",
          "2026-11-24T08:00+1", "2026-11-24T08:00+25:00", "2026-11-24T08:00Z ", "2026-11-24T08", "yesterday",
          "20261124"}) {
        CAPTURE(wrong);
        CHECK_FALSE(parse_date_unix_ms(wrong));
    }
}

TEST_CASE("rates") {
    const auto is = [](const char* text, std::int64_t count, std::int64_t of_ms) {
        const auto rate = parse_rate(text);
        return rate && rate->count == count && rate->of_ms == of_ms;
    };
    CHECK(is("10/s", 10, 1000));
    CHECK(is("100/m", 100, 60'000));
    CHECK(is("1/h", 1, 3'600'000));
    for (const char* wrong : {"", "10", "0/s", "-1/s", "10/d", "10/", "/s", "10 /s", "1.5/s", "99999999999/s"}) {
        CAPTURE(wrong);
        CHECK_FALSE(parse_rate(wrong));
    }
}
