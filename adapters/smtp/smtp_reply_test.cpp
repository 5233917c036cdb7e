#include "smtp_reply.hpp"

#include <doctest/doctest.h>

#include "smtp_extensions.hpp"
#include "smtp_trouble.hpp"

using namespace hawser::smtp;
using hawser::verdict;

namespace {

smtp_reply parse(const std::string& text) {
    reply_parser parser;
    std::size_t taken = 0;
    REQUIRE(parser.feed(text, taken) == reply_parser::state::complete);
    return parser.take_reply();
}

}  // namespace

TEST_CASE("a reply is the same whether it comes whole or byte by byte") {
    const std::string text =
        "250-mx.example.org greets you\r\n250-SIZE 1000\r\n250 PIPELINING\r\n";  // RFC 5321 section 4.2.1
    const smtp_reply whole = parse(text);
    CHECK(whole.code == 250);
    CHECK(whole.lines.size() == 3);
    reply_parser parser;
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::size_t taken = 0;
        const auto state = parser.feed(text.substr(i, 1), taken);
        CHECK(state == (i + 1 == text.size() ? reply_parser::state::complete : reply_parser::state::needs_more));
    }
    CHECK(parser.take_reply().lines == whole.lines);
}

TEST_CASE("pipelined replies are taken one at a time") {
    const std::string text = "250 one\r\n550 5.1.1 two\r\n";
    reply_parser parser;
    std::size_t taken = 0;
    REQUIRE(parser.feed(text, taken) == reply_parser::state::complete);
    CHECK(taken == 9);
    CHECK(parser.take_reply().lines[0] == "one");
    REQUIRE(parser.feed(std::string_view(text).substr(9), taken) == reply_parser::state::complete);
    CHECK(parser.take_reply().enhanced_status() == "5.1.1");
}

TEST_CASE("garbage, endless lines, endless replies and changing codes are refused") {
    const auto breaks = [](const std::string& text) {
        reply_parser parser;
        std::size_t taken = 0;
        return parser.feed(text, taken) == reply_parser::state::broken;
    };
    CHECK(breaks("HTTP/1.1 200 OK\r\n"));
    CHECK(breaks("2x0 hm\r\n"));
    CHECK(breaks("250_ok\r\n"));
    CHECK(breaks("\r\n"));
    CHECK(breaks("250-a\r\n251 b\r\n"));
    CHECK(breaks("250 " + std::string(1024 * 1024, 'x')));
    std::string endless;
    for (int i = 0; i < 10000; ++i) {
        endless += "250-more\r\n";
    }
    CHECK(breaks(endless));
}

TEST_CASE("what a server offers is read from its EHLO reply") {
    const smtp_extensions found =
        parse_extensions(parse("250-mx\r\n250-PIPELINING\r\n250-SIZE 35882577\r\n250-AUTH PLAIN "
                               "login\r\n250-AUTH=LOGIN\r\n250-8BITMIME\r\n250 STARTTLS\r\n"));
    CHECK(found.has_pipelining);
    CHECK(found.has_8bitmime);
    CHECK(found.has_starttls);
    CHECK(found.size_max == 35882577);
    CHECK(found.offers("PLAIN"));
    CHECK(found.offers("LOGIN"));
    CHECK_FALSE(found.offers("NTLM"));
}

TEST_CASE("a server's text is shown without control characters and capped") {
    smtp_reply reply{550, {"no\x1b[31m way", std::string(5000, 'x')}};
    CHECK(reply.text().find('\x1b') == std::string::npos);
    CHECK(reply.text().size() < 400);
}

TEST_CASE(
    "results by recipient: delivered ones are final, a transient one means retry, only refused ones mean the end") {
    recipient_ledger first({"a@x", "b@x", "c@x"}, "");
    first.accept("a@x", parse("250 ok\r\n"));
    first.refuse("b@x", parse("450 4.2.0 later\r\n"));
    first.refuse("c@x", parse("550 5.1.1 no\r\n"));
    const hawser::outcome partial = first.settle("mx");
    CHECK(partial.verdict == verdict::partial);
    recipient_ledger second({"a@x", "b@x", "c@x"}, partial.resume_state);
    CHECK(second.open() == std::vector<std::string>{"b@x"});
    second.accept("b@x", parse("250 ok\r\n"));
    const hawser::outcome end = second.settle("mx");
    CHECK(end.verdict == verdict::partial);
    CHECK(end.recipients[1].verdict == verdict::delivered);
    CHECK(end.recipients[2].verdict == verdict::rejected);
    recipient_ledger edited({"d@x"}, partial.resume_state);
    CHECK(edited.open() == std::vector<std::string>{"d@x"});
}
