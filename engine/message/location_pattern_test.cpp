#include "message/location_pattern.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace hawser::engine;

namespace {

bool is_allowed(const std::string& location) {
    return is_allowed_location({"mailto:*@partner.example", "mailto:*@*.branch.example", "file:/out/*", "test:/a/**"},
                               location);
}

// The plain definition, with all its back-tracking: what the matcher is compared with.
bool matches_plainly(std::string_view pattern, std::string_view text) {
    if (pattern.empty()) {
        return text.empty();
    }
    if (pattern[0] != '*') {
        return !text.empty() && text[0] == pattern[0] && matches_plainly(pattern.substr(1), text.substr(1));
    }
    const bool has_slash = pattern.substr(0, 2) == "**";
    const std::string_view rest = pattern.substr(has_slash ? 2 : 1);
    for (std::size_t run = 0;; ++run) {
        if (matches_plainly(rest, text.substr(run))) {
            return true;
        }
        if (run == text.size() || text[run] == ',' || (text[run] == '/' && !has_slash)) {
            return false;
        }
    }
}

}  // namespace

TEST_CASE("a location's scheme is what stands before its first colon") {
    CHECK(scheme_of_location("mailto:a@example.org") == "mailto");
    CHECK(scheme_of_location("MailTo:a") == "mailto");
    CHECK(scheme_of_location("x-a+b.c1:") == "x-a+b.c1");
    for (const char* none : {"", ":", "mailto", "1a:b", "a b:c", "*:x", "mail*:x", "/a:b", "ma\xc3\xafl:x"}) {
        CHECK(scheme_of_location(none).empty());
    }
}

TEST_CASE("one star stays between slashes, two cross them, and neither crosses what separates or quotes") {
    CHECK(matches_location("file:/out/*", "file:/out/a.xml"));
    CHECK(matches_location("file:/out/*", "file:/out/"));
    CHECK_FALSE(matches_location("file:/out/*", "file:/out/a/b"));
    CHECK_FALSE(matches_location("file:/out/*", "file:/out"));
    CHECK_FALSE(matches_location("file:/out/*", "file:/outer/a"));
    CHECK(matches_location("file:/out/**", "file:/out/a/b/c.xml"));
    CHECK(matches_location("file:/*/in/*.xml", "file:/a/in/b.xml"));
    CHECK_FALSE(matches_location("file:/*/in/*.xml", "file:/a/x/in/b.xml"));
    CHECK(matches_location("file:/**b*c", "file:/axbx/bxc"));
    CHECK(matches_location("file:/***", "file:/a/b"));
    CHECK(matches_location("file:/out/a.xml", "file:/out/a.xml"));
    CHECK_FALSE(matches_location("file:/out/a.xml", "file:/out/a.xml2"));
    for (const char c : std::string(", ;?%#\"'<>\\\t\n\x01\x7f")) {
        CHECK_FALSE(matches_location("file:/out/**", std::string("file:/out/a") + c + 'b'));
    }
    CHECK_FALSE(matches_location("file:/out/**", std::string("file:/out/a\0b", 14)));
    CHECK(matches_location("file:/my dir/*", "file:/my dir/a"));
}

TEST_CASE("a pattern needs a literal scheme") {
    for (const char* pattern : {"*", "**", "", ":*", "mail*:x", "*:a@example.org"}) {
        CHECK_FALSE(matches_location(pattern, "mailto:a@example.org"));
    }
    CHECK_FALSE(matches_location("mailto:*", "mailto"));
    CHECK_FALSE(matches_location("mailto:*", "file:x"));
    CHECK_FALSE(matches_location("mailto:*", "xmailto:x"));
    CHECK_FALSE(matches_location("mailto:**", "a@b:mailto:x"));
}

TEST_CASE("case does not matter in the scheme and in the domain of a mail address, and does elsewhere") {
    CHECK(matches_location("mailto:*@Partner.Example", "MAILTO:a@pARTNER.eXAMPLE"));
    CHECK(matches_location("mailto:Invoices@partner.example", "mailto:Invoices@PARTNER.example"));
    CHECK_FALSE(matches_location("mailto:Invoices@partner.example", "mailto:invoices@partner.example"));
    CHECK(matches_location("FILE:/out/*", "file:/out/a"));
    CHECK_FALSE(matches_location("file:/Out/*", "file:/out/a"));
    CHECK_FALSE(matches_location("file:/Out@A/*", "file:/Out@a/x"));
    CHECK_FALSE(matches_location("mailto:*@[a]", "mailto:x@{A}"));
    CHECK_FALSE(matches_location("mailto:*@\xc3\x84.example", "mailto:x@\xc3\xa4.example"));  // ASCII letters only
}

TEST_CASE("a mail location is allowed if each of its addresses is") {
    CHECK(is_allowed("mailto:a@partner.example"));
    CHECK(is_allowed("MAILTO:a.b+c@PARTNER.example"));
    CHECK(is_allowed("mailto:a@partner.example,b@north.branch.example;c@partner.example"));
    CHECK(is_allowed("mailto:j\xc3\xb6rg@partner.example"));
    CHECK_FALSE(is_allowed("mailto:a@partner.example,b@evil.example"));
    CHECK_FALSE(is_allowed("mailto:b@evil.example;a@partner.example"));
    CHECK_FALSE(is_allowed("mailto:a@branch.example"));
    for (const char* empty : {"mailto:", "mailto:,", "mailto:a@partner.example,", "mailto:,a@partner.example",
                              "mailto:a@partner.example,;b@partner.example", "mailto:@partner.example", "mailto:a@"}) {
        CHECK_FALSE(is_allowed(empty));
    }
}

TEST_CASE("a part of a mail location is one of its addresses, of any other location the whole") {
    const std::string slow = "mailto:*@slow.example";
    CHECK(matches_part_of_location(slow, "mailto:a@slow.example"));
    CHECK(matches_part_of_location(slow, "MailTo:a@fast.example,b@slow.example"));
    CHECK(matches_part_of_location(slow, "mailto:a@slow.example;b@fast.example"));
    CHECK_FALSE(matches_part_of_location(slow, "mailto:a@fast.example,b@slow.example.org"));
    CHECK_FALSE(matches_part_of_location(slow, "mailto:"));
    CHECK(matches_part_of_location("file:/out/*", "file:/out/a"));
    CHECK_FALSE(matches_part_of_location("file:/out/*", "file:/in,file:/out/a"));
    CHECK_FALSE(matches_part_of_location("*", "a@slow.example"));
}

TEST_CASE("nothing that a mail server could read otherwise is allowed") {
    for (const char* attack : {"mailto:b@evil.example@partner.example",
                               "mailto:@evil.example:a@partner.example",
                               "mailto:@evil.example,@x:a@partner.example",
                               "mailto:b%evil.example@partner.example",
                               "mailto:evil.example!b@partner.example",
                               "mailto:group:b@partner.example",
                               "mailto:b@evil.example(@partner.example",
                               "mailto:(c)a@partner.example",
                               "mailto:a@evil.example(.branch.example",
                               "mailto:<b@evil.example>a@partner.example",
                               "mailto:\"b@evil.example\"@partner.example",
                               "mailto:a b@partner.example",
                               "mailto: a@partner.example",
                               "mailto:a@partner.example, b@partner.example",
                               "mailto:a@partner.example?cc=b@evil.example",
                               "mailto:a@partner.example?bcc=b@partner.example",
                               "mailto:a%40evil.example%2Cb@partner.example",
                               "mailto:a@partner.example\r\nRCPT TO:<b@evil.example>",
                               "mailto:a@partner.example\n",
                               "mailto:\ta@partner.example",
                               "mailto:a'b@partner.example",
                               "mailto:a\\@evil.example@partner.example",
                               "mailto:a@partner.example#@evil.example",
                               "mailto:a@evil.example/.branch.example",
                               "mailto:a@partner.example.",
                               "mailto:a@evilpartner.example",
                               "mailto:a@partner.example\xc2\x85",
                               "mailto:a\x7f@partner.example",
                               "mailto:mailto:a@partner.example",
                               "mailto:/../a@partner.example",
                               " mailto:a@partner.example",
                               "mailto :a@partner.example",
                               "a@partner.example"}) {
        CAPTURE(attack);
        CHECK_FALSE(is_allowed(attack));
    }
    CHECK_FALSE(is_allowed(std::string("mailto:a@partner.example\0,b@evil.example", 40)));
    CHECK_FALSE(is_allowed(std::string("mailto:b@evil.example\0@partner.example", 38)));
}

TEST_CASE("no location leads out of the folder that a pattern names") {
    CHECK(is_allowed("file:/out/a.xml"));
    CHECK(is_allowed("file:/out/..a.xml"));
    CHECK(is_allowed("test:/a/b/c"));
    for (const char* attack : {"file:/out/../etc/passwd", "test:/a/../b", "test:/a/b/..", "test:/a/..", "test:..",
                               "test:/a/%2e%2e/b", "file:/out/a?b", "file:/out/'a", "file:/out/a\"", "file:/out/a\nb",
                               "file:/out/a,b", "file:/out//a", "ftp:/out/a", "file://host/out/a", ""}) {
        CAPTURE(attack);
        CHECK_FALSE(is_allowed(attack));
    }
    CHECK_FALSE(is_allowed_location({"test:/**"}, "test:/a/../b"));
    CHECK_FALSE(is_allowed_location({"test:/x%y"}, "test:/x%y"));
    CHECK_FALSE(is_allowed_location({}, "test:/a"));
}

TEST_CASE("a pattern made to be slow is not") {
    std::string pattern = "file:";
    for (int i = 0; i < 200; ++i) {
        pattern += "*a**";
    }
    const std::string location = "file:" + std::string(1000, 'a');  // a matcher that goes back would never end
    CHECK_FALSE(matches_location(pattern + 'b', location));
    CHECK(matches_location(pattern, location));
}

TEST_CASE("the matcher agrees with the plain definition") {
    std::mt19937 random(20261125);
    const auto make = [&](const char* letters, unsigned letter_count, unsigned size_max) {
        std::string text(random() % (size_max + 1), ' ');
        for (char& one : text) {
            one = letters[random() % letter_count];
        }
        return text;
    };
    unsigned match_count = 0;
    for (int round = 0; round < 200000; ++round) {
        const std::string pattern = make("ab/,**", 6, 8);
        const std::string text = make("ab/,", 4, 9);
        const bool wanted = matches_plainly(pattern, text);
        match_count += wanted ? 1 : 0;
        if (matches_location("test:" + pattern, "test:" + text) != wanted) {
            FAIL_CHECK("pattern ", pattern, ", location ", text, ": expected ", wanted);
        }
    }
    CHECK(match_count > 5000);
}
