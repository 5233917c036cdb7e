// The entity that the encoder makes of a message's parts, and what BizTalk's part properties do to it.
#include "part_entity.hpp"

#include <doctest/doctest.h>

#include <hawser/test_kit.hpp>

#include "byte_reader.hpp"
#include "encoded_words.hpp"
#include "mime_header.hpp"
#include "smime_encoder.hpp"
#include "transfer_decoder.hpp"

using namespace hawser::smime;
using doctest::Contains;
namespace kit = hawser::test_kit;

namespace {

// Shows the text where it does not have the piece.
bool part_has(const std::string& text, const std::string& piece) {
    const bool is_there = text.find(piece) != std::string::npos;
    if (!is_there) {
        MESSAGE(text);
    }
    return is_there;
}

struct made {
    std::string error, entity, transfer_encoding;
    std::string header() const { return entity.substr(0, entity.find("\r\n\r\n")); }
    std::string body() const { return entity.substr(entity.find("\r\n\r\n") + 4); }
};

made run(kit::message& one, kit::settings values = {}) {
    kit::host host;
    kit::instance encoder = kit::instance::of<smime_encoder>(host, std::move(values));
    const kit::run_result result = kit::run(encoder, one);
    CHECK(host.violations().empty());
    return {result.error, result.body, one.get(HAWSER_TRANSFER_ENCODING)};
}

// One part of text, with a property of its own.
made with(const std::string& property, const std::string& value, const std::string& body = "Hello\r\n") {
    kit::message one(body);
    one.parts[0].content_type = "text/plain";
    one.parts[0].properties[property] = {value};
    return run(one);
}

doctest::String refused(const std::string& property, const std::string& value) {
    const made out = with(property, value);
    CHECK(out.entity.empty());
    return out.error.c_str();
}

// What a property that becomes text in a header field must not hold.
void check_injection(const std::string& property) {
    CAPTURE(property);
    for (const std::string bad : {"a\r\nBcc: x@y.example", "a\nb", "a\rb", "a\x7f", "a\x1b"}) {
        CHECK(refused(property, bad) == Contains(property.c_str()));
    }
    CHECK(refused(property, std::string("a\0b", 3)) == Contains("control character"));
    CHECK(refused(property, std::string(501, 'a')) == Contains("longer than 500 bytes"));
    CHECK(refused(property, "\xFF\xFE") == Contains(property.c_str()));
}

void add_second_part(kit::message& one) {
    one.parts[0].content_type = "text/xml";
    one.parts.push_back({.bytes = "beside", .name = "second", .content_type = "application/pdf", .file_name = "a.pdf"});
}

std::string decode(const std::string& coded, const std::string& encoding) {
    kit::message holder(coded);
    hawser::body_stream plain = decode_transfer(holder.take_body(), encoding);
    std::string out;
    char buffer[1000];
    while (const std::size_t size = plain.read(buffer, sizeof buffer)) {
        out.append(buffer, size);
    }
    return out;
}

const std::string every_byte = [] {
    std::string all;
    for (int i = 0; i < 1000; ++i) {
        all += static_cast<char>(i);
    }
    return all;
}();

}  // namespace

TEST_CASE("ContentTransferEncoding of the component: each can be read back") {
    for (const auto& [word, name] : std::map<std::string, std::string>{{"Base64", "base64"},
                                                                       {"QuotedPrintable", "quoted-printable"},
                                                                       {"UUEncode", "x-uuencode"},
                                                                       {"Binary", "binary"}}) {
        CAPTURE(word);
        for (std::size_t size : {0U, 1U, 2U, 44U, 45U, 46U, 57U, 1000U}) {
            kit::message one(every_byte.substr(0, size));
            const made out = run(one, {{"/ContentTransferEncoding", word}});
            CHECK(out.error == "");
            CHECK(part_has(out.header(), "Content-Transfer-Encoding: " + name));
            CHECK(out.transfer_encoding == name);
            CHECK(decode(out.body(), name) == every_byte.substr(0, size));
        }
    }
}

TEST_CASE("ContentTransferEncoding SevenBit and EightBit pass what they promise, and refuse what is not") {
    const auto run_with = [](const std::string& word, const std::string& body, const std::string& type = "text/plain") {
        kit::message one(body);
        one.parts[0].content_type = type;
        return run(one, {{"/ContentTransferEncoding", word}});
    };
    CHECK(run_with("SevenBit", "a\r\nb\n").body() == "a\r\nb\r\n");
    CHECK(part_has(run_with("SevenBit", "a").header(), "Content-Transfer-Encoding: 7bit"));
    CHECK(run_with("EightBit", "gr\xC3\xBC\xC3\x9F").body() == "gr\xC3\xBC\xC3\x9F");
    CHECK(run_with("EightBit", "a").transfer_encoding == "8bit");
    CHECK(part_has(run_with("SevenBit", "gr\xC3\xBC").error, "not ASCII"));
    for (const char* word : {"SevenBit", "EightBit"}) {
        CHECK(part_has(run_with(word, std::string("a\0", 2)).error, "NUL"));
        CHECK(part_has(run_with(word, "a\rb").error, "CR without a LF"));
        CHECK(part_has(run_with(word, "a\r").error, "ends with a CR"));
        CHECK(part_has(run_with(word, "a\n", "application/x").error, "is no text"));
        CHECK(part_has(run_with(word, std::string(1000, 'a')).error, "998"));
        CHECK(run_with(word, std::string(998, 'a') + "\r\n").error == "");
    }
}

TEST_CASE("a charset in the part's content type is kept where it has none of its own") {
    kit::message one("Hello\r\n");
    one.parts[0].content_type = "text/xml; charset=\"iso-8859-1\"; x=y";
    CHECK(part_has(run(one).header(), "Content-Type: text/xml;\r\n charset=iso-8859-1\r\n"));
}

TEST_CASE("MIME.ContentTransferEncoding of a part goes before the component's") {
    CHECK(with("MIME.ContentTransferEncoding", "UUEncode").body() ==
          "begin 644 body\r\n'2&5L;&\\-\"@``\r\n`\r\nend\r\n");
    CHECK(with("MIME.ContentTransferEncoding", "quoted-printable").body() == "Hello\r\n");
    CHECK(refused("MIME.ContentTransferEncoding", "rot13") == Contains("\"rot13\" is not known"));
    CHECK(refused("MIME.ContentTransferEncoding", "7bit\r\nX: y") == Contains("control character"));
}

TEST_CASE("MIME.FileName names the part") {
    CHECK(part_has(with("MIME.FileName", "order 1.xml").header(),
                   "Content-Disposition: inline;\r\n filename=\"order 1.xml\""));
    CHECK(part_has(with("MIME.FileName", "a\"b\\c").header(), "filename=\"a\\\"b\\\\c\""));
    CHECK(part_has(with("MIME.FileName", "f\xC3\xBCr").header(), "filename*=utf-8''f%C3%BCr"));
    std::string umlauts;
    for (int i = 0; i < 250; ++i) {
        umlauts += "\xC3\xBC";
    }
    for (const std::string& name : {umlauts, std::string(500, '"'), std::string(500, 'n')}) {
        const std::string header = with("MIME.FileName", name).header() + "\r\n\r\n";
        CHECK(parse_mime_header(header)->file_name() == name);
        for (std::size_t at = 0, end = 0; (end = header.find("\r\n", at)) != std::string::npos; at = end + 2) {
            CHECK(end - at <= (name == umlauts ? 78 : 998));  // RFC 5322 section 2.1.1
        }
    }
    check_injection("MIME.FileName");
    kit::message one("Hello");
    one.parts[0].file_name = "a\r\nBcc: x@y.example";
    CHECK(part_has(run(one).error, "FileName"));
    kit::message other("Hello");
    other.set("MIME.FileName", "from-the-message.txt");  // the body part's may be the message's own
    CHECK(part_has(run(other).header(), "filename=from-the-message.txt"));
}

TEST_CASE("MIME.ContentID is an identifier in angle brackets") {
    CHECK(part_has(with("MIME.ContentID", "part1@x.example").header(), "\r\nContent-ID: <part1@x.example>"));
    CHECK(part_has(with("MIME.ContentID", "<part1@x.example>").header(), "\r\nContent-ID: <part1@x.example>"));
    CHECK(refused("MIME.ContentID", "a> <b") == Contains("MIME.ContentID"));
    CHECK(refused("MIME.ContentID", "\xC3\xBC@x.example") == Contains("ASCII"));
    check_injection("MIME.ContentID");
}

TEST_CASE("MIME.ContentDescription is text for people") {
    CHECK(part_has(with("MIME.ContentDescription", "An order").header(), "\r\nContent-Description: An order"));
    for (const std::string& text : {std::string("f\xC3\xBCr Bob"), std::string("=?utf-8?Q?x?="), std::string(200, 'a'),
                                    std::string("\xE2\x82\xAC") + std::string(100, ' ') + "\xF0\x9F\x98\x80"}) {
        const std::string header = with("MIME.ContentDescription", text).header();
        for (std::size_t at = 0; at < header.size();) {
            const std::size_t end = std::min(header.find("\r\n", at), header.size());
            CHECK(end - at <= 100);
            at = end + 2;
        }
        const auto parsed = parse_mime_header(header + "\r\n\r\n");
        REQUIRE(parsed);
        CHECK(decode_words(parsed->value("Content-Description")) == text);
    }
    check_injection("MIME.ContentDescription");
}

TEST_CASE("MIME.ContentLocation is an address") {
    CHECK(part_has(with("MIME.ContentLocation", "http://x.example/a").header(),
                   "\r\nContent-Location: http://x.example/a"));
    CHECK(refused("MIME.ContentLocation", "a b") == Contains("MIME.ContentLocation"));
    check_injection("MIME.ContentLocation");
}

TEST_CASE("MIME.ContentTypeSecondaryHeader and PartContentTypeSecondaryHeader are parameters of the content types") {
    kit::message one("<a/>");
    add_second_part(one);
    one.parts[0].properties["MIME.ContentTypeSecondaryHeader"] = {"version"};
    one.parts[0].properties["MIME.ContentTypeSecondaryHeaderValue"] = {"RNIF 2.0"};
    one.parts[1].properties["MIME.PartContentTypeSecondaryHeader"] = {"edition"};
    one.parts[1].properties["MIME.PartContentTypeSecondaryHeaderValue"] = {"\xC3\xBC"};
    const made out = run(one);
    CHECK(out.error == "");
    CHECK(part_has(out.header(), "multipart/mixed;\r\n version=\"RNIF 2.0\";\r\n boundary="));
    CHECK(part_has(out.entity, "Content-Type: application/pdf;\r\n edition*=utf-8''%C3%BC\r\n"));
    for (const char* name : {"MIME.ContentTypeSecondaryHeader", "MIME.PartContentTypeSecondaryHeader"}) {
        const std::string property = name;
        CHECK(refused(property, "version") == Contains("needs"));
        CHECK(refused(property + "Value", "1") == Contains("needs"));
        for (const char* bad : {"boundary", "CHARSET", "hp", "hp-legacy-display", "a b", "a=b", "a;b", "\xC3\xBC"}) {
            kit::message bad_one("x");
            bad_one.parts[0].properties[property] = {bad};
            bad_one.parts[0].properties[property + "Value"] = {"1"};
            CHECK(part_has(run(bad_one).error, name));
        }
        check_injection(property);
        check_injection(property + "Value");
    }
}

TEST_CASE("MIME.IsMultipartRelated makes multipart/related (RFC 2387)") {
    kit::message one("<a/>");
    add_second_part(one);
    one.parts[0].properties["MIME.IsMultipartRelated"] = {"true"};
    one.parts[0].properties["MIME.ContentID"] = {"root@x.example"};
    one.parts[1].properties["MIME.ContentID"] = {"image@x.example"};
    const made out = run(one);
    CHECK(part_has(out.header(),
                   "multipart/related;\r\n type=\"text/xml\";\r\n start=\"<root@x.example>\";\r\n boundary="));
    CHECK(part_has(out.entity, "Content-Disposition: inline;\r\n filename=a.pdf\r\nContent-ID: <image@x.example>"));
    CHECK(part_has(with("MIME.IsMultipartRelated", "true").header(), "multipart/related"));
    CHECK(part_has(with("MIME.IsMultipartRelated", "false").header(), "text/plain"));
    CHECK(refused("MIME.IsMultipartRelated", "perhaps") == Contains("neither true nor false"));
    kit::message other("<a/>");
    other.parts[0].properties = {{"MIME.IsMultipartRelated", {"true"}},
                                 {"MIME.ContentTypeSecondaryHeader", {"type"}},
                                 {"MIME.ContentTypeSecondaryHeaderValue", {"application/x"}}};
    const std::string header = run(other).header();
    CHECK(part_has(header, "multipart/related;\r\n type=\"application/x\";\r\n boundary="));
}

TEST_CASE("SendBodyPartAsAttachment gives the body part its disposition") {
    kit::message one("Hello");
    one.parts[0].file_name = "order.txt";
    CHECK(part_has(run(one, {{"/SendBodyPartAsAttachment", "true"}}).header(),
                   "Content-Disposition: attachment;\r\n filename=order.txt"));
    kit::message plain("Hello");
    CHECK(part_has(run(plain, {{"/SendBodyPartAsAttachment", "true"}}).header(), "Content-Disposition: attachment"));
    kit::message inline_one("Hello");
    CHECK(run(inline_one).header().find("Content-Disposition") == std::string::npos);
}

TEST_CASE("several parts are a multipart/mixed, and the encoding of the whole is the worst of theirs") {
    kit::message one("<a/>");
    add_second_part(one);
    const made out = run(one);
    CHECK(out.transfer_encoding == "7bit");
    CHECK(part_has(out.entity,
                   "Content-Type: text/xml\r\nContent-Transfer-Encoding: base64\r\nContent-Description: body\r\n"));
    CHECK(part_has(out.entity, "Content-Disposition: attachment;\r\n filename=a.pdf\r\n"));
    kit::message other("<a/>");
    add_second_part(other);
    other.parts[1].properties["MIME.ContentTransferEncoding"] = {"Binary"};
    const made binary = run(other, {{"/ContentTransferEncoding", "EightBit"}});
    CHECK(binary.transfer_encoding == "binary");
    CHECK(part_has(binary.header(), "Content-Transfer-Encoding: binary"));
}
