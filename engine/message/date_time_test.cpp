#include "message/date_time.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace hawser::engine;

TEST_CASE("an instant is the same in whatever zone it is written, to 100 ns") {
    CHECK(instant_of("1970-01-01T00:00:00Z") == 0);
    CHECK(instant_of("1970-01-01T00:00:00.0000001Z") == 1);
    CHECK(instant_of("1970-01-01T00:00:00.00000019Z") == 1);  // further digits do not count
    CHECK(instant_of("1969-12-31T23:59:59.5Z") == -5'000'000);
    CHECK(instant_of("2026-01-01T00:00:00Z") == 17'672'256'000'000'000);  // date -u -d 2026-01-01 +%s
    for (const std::string same : {"2026-01-01t00:00:00z", "2026-01-01T02:00:00+02:00", "2025-12-31T19:30:00-04:30",
                                   "2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00-00:00", "2025-12-31T23:59:60Z"}) {
        CAPTURE(same);
        CHECK(instant_of(same) == 17'672'256'000'000'000);
    }
    CHECK(instant_of("2026-01-01T01:00:00+02:00") < instant_of("2026-01-01T00:00:00Z"));
    CHECK(instant_of("2026-01-01T00:00:00.25Z") < instant_of("2026-01-01T00:00:00.5Z"));
    CHECK(instant_of("0000-01-01T00:00:00Z") < instant_of("9999-12-31T23:59:59.9999999Z"));
}

TEST_CASE("what is no date and time, or none that there is, is no instant") {
    for (const std::string text :
         {"", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01T00:00Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00.",
          "2026-01-01T00:00:00+1:00", "2026-01-01T00:00:00ZZ", "20260101T000000Z"}) {
        CAPTURE(text);
        CHECK_FALSE(is_date_time(text));
        CHECK_FALSE(instant_of(text));
    }
    for (const std::string text : {"2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-01-01T24:00:00Z",
                                   "2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z", "2026-01-01T00:00:00+24:00"}) {
        CAPTURE(text);
        CHECK(is_date_time(text));
        CHECK_FALSE(instant_of(text));
    }
}
