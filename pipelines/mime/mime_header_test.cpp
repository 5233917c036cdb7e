#include "mime_header.hpp"

#include <doctest/doctest.h>

#include "encoded_words.hpp"
#include "hawser/sdk/error.hpp"

using namespace hawser::smime;

TEST_CASE("a header is read up to and with its empty line, folded lines joined") {
    const std::string block = "Subject: one\r\n two\r\nContent-Type: text/xml;\r\n\tname=\"a.xml\"\r\n\r\nbody";
    const auto header = parse_mime_header(block);
    REQUIRE(header);
    CHECK(header->size == block.size() - 4);
    CHECK(header->value("subject") == "one two");
    CHECK(header->type().type == "text/xml");
    CHECK(header->file_name() == "a.xml");
    CHECK_FALSE(header->has_bare_line_feeds);
    const auto folded = parse_mime_header("Message-ID:\r\n <1@example.test>\r\n \r\n\r\n");
    CHECK(folded->value("Message-ID") == "<1@example.test>");
    CHECK(parse_mime_header("A: b\n\nbody")->has_bare_line_feeds);
    CHECK(parse_mime_header("\r\nbody")->size == 2);
    CHECK(parse_mime_header("Content-Type: text/html")->type().type == "text/html");  // a part that is a header only
}

TEST_CASE("what is no header is told from a damaged one") {
    CHECK_FALSE(parse_mime_header("<invoice/>\r\n\r\n"));
    CHECK_FALSE(parse_mime_header("UNA:+.? '\nUNB+UNOC\n"));
    CHECK_FALSE(parse_mime_header(": no name\r\n\r\n"));
    CHECK_THROWS_WITH_AS(parse_mime_header("Content-Type: text/plain\r\nno field\r\n\r\n"),
                         doctest::Contains("begins with \"no field\""), hawser::failure);
    CHECK_THROWS_WITH_AS(parse_mime_header("Content-Type: text/plain\r\nContent-type: text/html\r\n\r\n"),
                         doctest::Contains("two fields Content-Type"), hawser::failure);
    CHECK_THROWS_WITH_AS(parse_mime_header("A: " + std::string(70000, 'x')), doctest::Contains("more than 65536 bytes"),
                         hawser::failure);
    std::string many;
    for (int i = 0; i < 1001; ++i) {
        many += "A: b\r\n";
    }
    CHECK_THROWS_AS(parse_mime_header(many + "\r\n"), hawser::failure);
}

TEST_CASE("content types with quotes, comments, and parameters in pieces") {
    const content_type type = parse_content_type(
        "Multipart/Signed (two parts); boundary=\"a;b\\\"c\" ; MICALG=sha-256; micalg=md5; broken; "
        "name*0*=utf-8''%C3%A4;"
        " name*1=\"b.xml\"");
    CHECK(type.type == "multipart/signed");
    CHECK(type.is_multipart());
    CHECK(type.parameter("boundary") == "a;b\"c");
    CHECK(type.parameter("micalg") == "sha-256");  // of two the first counts
    CHECK(type.parameter("name") ==
          "\xC3\xA4"
          "b.xml");
    CHECK(type.parameter("absent").empty());
    CHECK(parse_content_type("text/plain; name*=utf-8'en'%41").parameter("name") == "A");
    CHECK(parse_mime_header("Content-Type: nonsense\r\n\r\n")->type().type == "text/plain");
    CHECK(parse_content_type("a/b; \"").type == "a/b");
    CHECK(parse_content_type("((((").type.empty());
}

TEST_CASE("encoded words are decoded, and nothing unprintable is shown") {
    CHECK(decode_words("=?utf-8?Q?Rechnung_f=C3=BCr?= =?UTF-8?B?IE1haQ==?= ok") == "Rechnung f\xC3\xBCr Mai ok");
    CHECK(decode_words("=?utf-8?Q?Offer_?=\t=?utf-8?Q?_for?=") == "Offer  for");  // the words' own blanks stay
    CHECK(decode_words("=?iso-8859-1*de?q?=FC?=") == "\xC3\xBC");
    CHECK(decode_words("=?koi8-r?Q?=F0?= =?utf-8?B?###?= =?x") == "=?koi8-r?Q?=F0?= =?utf-8?B?###?= =?x");
    const std::string endless = "=?utf-8?Q?" + std::string(5000, 'a') + "?=";
    CHECK(decode_words(endless) == endless);
    CHECK(printable("a\r\nb\x01\xC3\xBC\xC3(\xED\xA0\x80\xF0\x9F\x98\x80") == "a??b?\xC3\xBC?(???\xF0\x9F\x98\x80");
}

TEST_CASE("decoded words of an address field make no address of their own") {
    const auto same = [](const std::string& value) { return decode_address_words(value) == value; };
    CHECK(decode_address_words("=?utf-8?Q?J=C3=BCrgen?= =?utf-8?Q?_K.?= <j@k>") == "J\xC3\xBCrgen K. <j@k>");
    CHECK(decode_address_words("=?utf-8?Q?a?= b =?utf-8?Q?c=2C?=<j@k>") == "a b \"c,\"<j@k>");
    for (const char* special : {"=2C", "=3B", "=3A", "=3C", "=3E", "=40", "=28", "=29", "=5B", "=5D", "=09"}) {
        CHECK(decode_address_words(std::string("=?utf-8?Q?") + special + "?= <j@k>").front() == '"');
    }
    CHECK(decode_address_words("=?utf-8?Q?=22?= x@y, =?utf-8?Q?=5C?= <j@k>") == "\"\\\"\" x@y, \"\\\\\" <j@k>");
    CHECK(decode_address_words("\"=?utf-8?Q?M=C3=BCller,_=22H=22?=\" <j@k>") ==
          "\"M\xC3\xBCller, \\\"H\\\"\" <j@k>");  // a word in quotes is none, and usual
    CHECK(decode_address_words("j@k (=?utf-8?Q?=29_x=40y?= (z) =?utf-8?Q?=5C?=)") == "j@k (\\) x@y (z) \\\\)");
    CHECK(same("=?utf-8?Q?ann?=@example.com"));
    CHECK(same("ann=?utf-8?Q?=40?=example.com"));
    CHECK(same("<=?utf-8?Q?ann?= @example.com>"));
    CHECK(same("=?utf-8?Q?\"?= <ceo@corp>, =?utf-8?Q?\"?= <mallory@evil>"));
    CHECK(same("\"\\\" (<a>\" ( \") <b> \\"));
}
