#include "plugins/bridge/macros.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <ctime>

using namespace hawser::engine;

namespace {
// 1997-07-12T19:35:42.700Z, the date of BizTalk's own example (macros page of the SMTP adapter).
constexpr std::int64_t example_unix_ms = 868736142700;

std::string subject(std::string_view text, const message_context& context = {}) {
    return *expand_macros(text, macro_place::subject, context, example_unix_ms);
}
}  // namespace

TEST_CASE("date and time macros have BizTalk's forms") {
    CHECK(subject("%datetime_bts2000%") == "199707121935427");
    CHECK(subject("%datetime%") == "1997-07-12T193542");
    CHECK(subject("%time%") == "193542");
    ::setenv("TZ", "XXX-8", 1);
    ::tzset();
    CHECK(subject("%datetime.tz%") == "1997-07-13T033542+800");
    CHECK(subject("%time.tz%") == "033542+800");
    ::setenv("TZ", "XXX+3:30", 1);
    ::tzset();
    CHECK(subject("%time.tz%") == "160542-330");
    ::setenv("TZ", "UTC", 1);
    ::tzset();
}

TEST_CASE("context macros take their values from BTS properties, and an unresolvable one stays in a subject") {
    message_context context;
    REQUIRE(context.set("BTS.MessageID", {.value = "id-1"}));
    REQUIRE(context.set("BTS.SourceParty", {.value = "100% %MessageID%"}));
    CHECK(subject("Invoice %MessageID%", context) == "Invoice id-1");
    CHECK(subject("%SourceParty%", context) == "100% %MessageID%");
    CHECK(subject("%DestinationParty% %Unknown% 5%", context) == "%DestinationParty% %Unknown% 5%");
}

TEST_CASE("in an address only %DestinationParty% resolves, and it must") {
    message_context context;
    CHECK_FALSE(expand_macros("%DestinationParty%", macro_place::address, context, 0));
    CHECK_FALSE(expand_macros("%MessageID%@example.org", macro_place::address, context, 0));
    REQUIRE(context.set("BTS.DestinationParty", {.value = "ap@partner.example"}));
    CHECK(*expand_macros("%DestinationParty%", macro_place::address, context, 0) == "ap@partner.example");
}
