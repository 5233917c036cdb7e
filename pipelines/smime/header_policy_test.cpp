#include "header_policy.hpp"

#include <doctest/doctest.h>

#include "mailbox_list.hpp"

using namespace hawser::smime;

TEST_CASE("hcp_baseline hides the subject, comments and keywords alone (RFC 9788 section 3.2.1)") {
    CHECK(outer_value(header_policy::baseline, "SUBJECT", "Dinner plans") == "[...]");
    CHECK(outer_value(header_policy::baseline, "Comments", "Not for the file") == std::nullopt);
    CHECK(outer_value(header_policy::baseline, "keywords", "Contract") == std::nullopt);
    CHECK(outer_value(header_policy::baseline, "From", "Alice <alice@smime.example>") == "Alice <alice@smime.example>");
    CHECK(outer_value(header_policy::baseline, "Date", "Sat, 20 Feb 2021 10:09:02 -0500") ==
          "Sat, 20 Feb 2021 10:09:02 -0500");
}

TEST_CASE("hcp_shy hides display names and the time zone besides (RFC 9788 section 3.2.2)") {
    const header_policy shy = header_policy::shy;
    CHECK(outer_value(shy, "Subject", "Dinner plans") == "[...]");
    CHECK(outer_value(shy, "Keywords", "Contract") == std::nullopt);
    CHECK(outer_value(shy, "From", "Alice <alice@smime.example>") == "alice@smime.example");
    CHECK(outer_value(shy, "To", "Bob <bob@smime.example>,\r\n \"Carol, the first\" <carol@smime.example> (home)") ==
          "bob@smime.example,\r\n carol@smime.example");
    CHECK(outer_value(shy, "Cc", "A group: bob@smime.example;") == "A group: bob@smime.example;");
    CHECK(outer_value(shy, "Date", "Sat, 20 Feb 2021 10:09:02 -0500") == "Sat, 20 Feb 2021 15:09:02 +0000");
    CHECK(outer_value(shy, "Date", "yesterday") == "yesterday");
    CHECK(outer_value(shy, "Message-ID", "<1@smime.example>") == "<1@smime.example>");
}

TEST_CASE("hcp_no_confidentiality hides nothing") {
    CHECK(outer_value(header_policy::no_confidentiality, "Subject", "Dinner plans") == "Dinner plans");
    CHECK(outer_value(header_policy::no_confidentiality, "Comments", "x") == "x");
}

TEST_CASE("a date keeps its moment in UTC") {
    CHECK(date_in_utc("Thu, 31 Dec 2026 23:30:00 -0130") == "Fri, 01 Jan 2027 01:00:00 +0000");
    CHECK(date_in_utc("1 Mar 2024 00:10 +0100") == "Thu, 29 Feb 2024 23:10:00 +0000");
    for (const char* bad : {"", "31 Feb 2024 00:10:00 +0100", "1 Mar 2024 25:10:00 +0100", "1 Mar 2024 00:10:00 GMT",
                            "1 Mar 2024 00:10:00 +01", "1 Mar 24 00:10:00 +0100", "1 Mar 2024 00:10:00 +0100 x",
                            "-1 Mar 2024 00:10:00 +0100", "1 Mar 2024 0a:10:00 +0100"}) {
        CAPTURE(bad);
        CHECK_FALSE(date_in_utc(bad));
    }
}

TEST_CASE("addresses are found as mail programs find them, or not at all") {
    CHECK(addresses_in("\"a@b.example <x@y.example>\" <\"john doe\"@c.example>") ==
          std::vector<std::string>{"\"john doe\"@c.example"});
    CHECK(addresses_in("bob@[IPv6:2001:db8::1]") == std::vector<std::string>{"bob@[IPv6:2001:db8::1]"});
    CHECK(addresses_in("(a \\) b (c)) bob@d.example") == std::vector<std::string>{"bob@d.example"});
    for (const char* bad :
         {"", "bob", "bob@", "@bob", "a b@c.example", "<a@b.example> c", "<a@b.example", "a@b.example>",
          "<a@b.example> <c@d.example>", "\"a@b.example", "(a@b.example", "a@b.example,,c@d.example"}) {
        CAPTURE(bad);
        CHECK_FALSE(addresses_in(bad));
    }
}
