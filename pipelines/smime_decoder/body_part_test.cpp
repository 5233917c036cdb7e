#include <doctest/doctest.h>

#include "decoder_bench.hpp"

using namespace hawser::smime;
using namespace hawser::smime::samples;
using doctest::Contains;

namespace {

const std::string binary =
    "Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERg==";
const std::string plain = "Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\na=3Db";
const std::string xml = "Content-Type: text/xml\r\nContent-Disposition: attachment; filename=\"b.xml\"\r\n\r\n<b/>";
const std::string described = "Content-Type: image/png\r\nContent-Description: Body\r\n\r\npng";

}  // namespace

TEST_CASE("the body part is chosen as BizTalk does") {
    bench one;
    CHECK(one.decode(mixed({binary, plain, xml, described})).result.body == "png");
    CHECK(one.decode(mixed({binary, plain, xml})).result.body == "<b/>");
    CHECK(one.decode(mixed({binary, plain})).result.body == "a=b");
    const decoded first = one.decode(mixed({binary, binary}));
    CHECK(first.result.body == "%PDF");
    CHECK(first["MIME.PartCount"] == "2");
    CHECK(first["MIME.BodyPartIndex"] == "1");
    CHECK(first["MIME.ContentType"] == "application/pdf");
    CHECK(first["MIME.FileName"] == "a.pdf");
}

TEST_CASE("the body part is chosen by number and by type") {
    bench one;
    const std::string all_parts = mixed({binary, plain, xml, described});
    CHECK(one.decode(all_parts, {{"/BodyPartIndex", "2"}}).result.body == "a=b");
    CHECK(one.decode(all_parts, {{"/BodyPartContentType", "Application/PDF"}}).result.body == "%PDF");
    CHECK(one.decode(all_parts, {{"/BodyPartIndex", "3"}, {"/BodyPartContentType", "text/xml"}}).result.body == "<b/>");
    CHECK(one.error(all_parts, {{"/BodyPartIndex", "2"}, {"/BodyPartContentType", "text/xml"}}) ==
          Contains("number 2"));
    CHECK(one.error(all_parts, {{"/BodyPartIndex", "5"}}) == Contains("has 4 parts"));
    CHECK(one.error(all_parts, {{"/BodyPartContentType", "text/csv"}}) == Contains("of type text/csv"));
    const std::string single = "MIME-Version: 1.0\r\n" + plain;
    CHECK(one.decode(single, {{"/BodyPartIndex", "1"}}).result.body == "a=b");
    CHECK(one.error(single, {{"/BodyPartIndex", "2"}}) == Contains("has one part"));
    CHECK(one.error(single, {{"/BodyPartContentType", "text/xml"}}) == Contains("has one part"));
}

TEST_CASE("parts inside a seal, and a nested sealed message that is only an attachment") {
    bench one;
    const std::string inner = mixed({plain, encrypted(text)});
    const decoded out = one.decode(encrypted(signed_opaque(all().alice, inner)));
    CHECK(out.result.body == "a=b");
    CHECK(out["MIME.PartCount"] == "2");
}

TEST_CASE("the other parts follow the body part in their order, and the warning tells where an engine takes none") {
    bench one;
    const std::string message = encrypted(signed_opaque(all().alice, mixed({binary, xml, plain})));
    const decoded out = one.decode(message, {}, 1);
    CHECK(out.result.body == "<b/>");
    REQUIRE(out.added_parts.size() == 2);
    CHECK(out.added_parts[0].name == "a.pdf");
    CHECK(out.added_parts[0].content_type == "application/pdf");
    CHECK(out.added_parts[0].bytes == "%PDF");
    CHECK(out.added_parts[1].name == "part-3");
    CHECK(out.added_parts[1].bytes == "a=b");
    one.host.missing_services = {HAWSER_DRAFT_MESSAGE_PARTS};
    CHECK(one.decode(message).result.body == "<b/>");
    REQUIRE(one.host.log().size() == 1);
    CHECK(one.host.log()[0].text.find("2 parts beside its body part") != std::string::npos);
    one.host.missing_services.clear();
    const std::string broken = "Content-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\n!";
    CHECK_FALSE(one.decode(mixed({plain, broken})).result.is_ok());  // a part that cannot be had is not left out
}

TEST_CASE("a message that is no MIME message passes where that is allowed, as it is") {
    bench one;
    const kit::settings allowed = {{"/AllowNonMIMEMessage", "true"}};
    for (const std::string message :
         {"<invoice>\n</invoice>", "UNA:+.? '", "Name: value\nno field\n", "", "\x80\x81"}) {
        CHECK(one.decode(message, allowed).result.body == message);
        CHECK(one.error(message) == Contains("AllowNonMIMEMessage"));
    }
    CHECK(one.decode("<invoice/>", allowed)["SMIME.IsSigned"] == "false");
    CHECK(one.error("MIME-Version: 1.0\r\nContent-Type: text/plain\r\nno field\r\n\r\n", allowed) ==
          Contains("no field"));
    CHECK(one.error(signed_opaque(all().alice, "<invoice/>"), allowed) == Contains("no MIME entity"));
}

TEST_CASE("lines that end with LF alone, as files of Unix do, verify as they were signed") {
    bench one;
    const std::string unix_lines = [] {
        std::string out;
        for (const char c : clear_signed(all().alice, text)) {
            out += c == '\r' ? "" : std::string(1, c);
        }
        return out;
    }();
    CHECK(one.decode(unix_lines).result.body == "Due on Friday.\r\n");
    CHECK(one.decode(unix_lines, {}, 1).result.body == "Due on Friday.\r\n");
}
