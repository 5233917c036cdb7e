#include "mail_address.hpp"

#include <doctest/doctest.h>

#include "hawser/sdk/error.hpp"
#include "smtp_settings.hpp"

using namespace hawser::smtp;

namespace {

std::string addresses(std::string_view text) {
    std::string joined;
    for (const mail_address& one : parse_address_list(text, "To")) {
        joined += '[' + one.display_name + '|' + one.address + ']';
    }
    return joined;
}

}  // namespace

TEST_CASE("lists of addresses as people write them") {
    CHECK(addresses("a@b.example; \"Müller, Jörg\" <x@y.example>, <z@w.example>") ==
          "[|a@b.example][Müller, Jörg|x@y.example][|z@w.example]");
    CHECK(addresses("mailto:a@b.example,c%2Bd@b.example") == "[|a@b.example][|c+d@b.example]");
    CHECK(addresses("\"john smith\"@b.example") == "[|\"john smith\"@b.example]");
    CHECK(addresses("x@[192.0.2.1]") == "[|x@[192.0.2.1]]");
    CHECK(addresses("").empty());
}

TEST_CASE("nothing that would end a command or a header field passes for an address") {
    for (const std::string& text : {std::string("a@b\r\nRCPT TO:<c@d>"),
                                    std::string("a@b\nDATA"),
                                    std::string("a\0@b", 4),
                                    std::string("mailto:a@b%0d%0aBcc:c@d"),
                                    std::string("mailto:a@b?bcc=c@d"),
                                    std::string("a@b>"),
                                    std::string("<a@b"),
                                    std::string("a b@c"),
                                    std::string("a@b c"),
                                    std::string("@b"),
                                    std::string("a@"),
                                    std::string("a"),
                                    std::string("a@-b.example"),
                                    std::string("a..b@c"),
                                    std::string("a@b> SIZE=1 <c@d"),
                                    std::string("(x)a@b"),
                                    std::string(65, 'a') + "@b",
                                    std::string("\xe9@b"),
                                    std::string("a\xc2\x85@b"),
                                    std::string("a\xe2\x80\xae@b"),
                                    std::string("a@\xe2\x98\x83\xe2\x80\x8d.example"),
                                    std::string("\"a\r\n\"@b")}) {
        CHECK_THROWS_AS(parse_address_list(text, "To"), hawser::failure);
    }
}

TEST_CASE("domains go out in A-labels (IDNA2008), local parts in UTF-8 (RFC 6531)") {
    CHECK(addresses("info@bücher.example") == "[|info@xn--bcher-kva.example]");
    CHECK_THROWS_AS(parse_address_list("info@b.example＞　NOTIFY=NEVER", "To"), hawser::failure);
    CHECK(addresses("info@straße.example") == "[|info@xn--strae-oqa.example]");  // not "strasse": IDNA2008
    CHECK(addresses("jörg@b.example") == "[|jörg@b.example]");
    CHECK_THROWS_AS(parse_address_list("a@-ü.example", "To"), hawser::failure);
}

TEST_CASE("From is exactly one address") {
    CHECK(parse_single_address("Bus <bus@b.example>", "From").address == "bus@b.example");
    CHECK_THROWS_AS(parse_single_address("a@b, c@d", "From"), hawser::failure);
    CHECK_THROWS_AS(parse_single_address("", "From"), hawser::failure);
}

TEST_CASE("SMTPHost takes what BizTalk takes, and IPv6 literals in brackets") {
    const auto read = [](std::string_view text) {
        std::string host;
        std::string why;
        std::uint16_t port = 0;
        return parse_smtp_host(text, host, port, why) ? host + '|' + std::to_string(port) : std::string("refused");
    };
    CHECK(read("mail.contoso.example") == "mail.contoso.example|0");
    CHECK(read("mail.contoso.example:587") == "mail.contoso.example|587");
    CHECK(read("[::1]:2525") == "::1|2525");
    CHECK(read("[::1]") == "::1|0");
    for (const char c : std::string("`~!@#$^&*()=+[]{}\\|;'\",<>/?")) {  // spec section 2
        CHECK(read(std::string("a") + c + "b") == "refused");
    }
    CHECK(read("bücher.example:25") == "xn--bcher-kva.example|25");
    for (const char* text : {"a＞b.example", "a　b.example", "a＠b.example"}) {  // wide forms of what has no place
        CHECK(read(text) == "refused");
    }
    for (const char* text : {"", "a:b", "a:", "a:70000", "a:0", "::1", "[::1", "[::1]x", "a b", "a\r\nb"}) {
        CHECK(read(text) == "refused");
    }
}
