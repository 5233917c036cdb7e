#include "audit/encoding.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "audit/dot_remover.hpp"
#include "audit/facts.hpp"
#include "audit/record_line.hpp"

using namespace hawser::engine::audit;

namespace {

std::string without_dots(const std::string& wire, std::size_t piece_size) {
    dot_remover remover;
    std::string mail;
    for (std::size_t at = 0; at < wire.size(); at += piece_size) {
        remover.write(std::string_view(wire).substr(at, piece_size), mail);
    }
    remover.finish(mail);
    return mail;
}

}  // namespace

TEST_CASE("hashes, bytes and times have their usual forms") {
    CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(base64("") == "");
    CHECK(base64(std::string("\0\xff", 2)) == "AP8=");
    CHECK(*base64_decoded("AP8=") == std::string("\0\xff", 2));
    CHECK(base64_decoded("")->empty());
    for (const char* wrong : {"A", "AP8", "A===", "====", "AP8\n", "A P8", "=AP8", "AP=8"}) {
        CAPTURE(wrong);
        CHECK_FALSE(base64_decoded(wrong));
    }
    CHECK(time_text(1'764'000'000'007) == "2025-11-24T16:00:00.007Z");
}

TEST_CASE("facts are one JSON object, whatever is given, and are written in one line" *
          doctest::test_suite("sequential")) {
    CHECK(*compact_facts("{}") == "{}");
    CHECK(*compact_facts(" { \"a\" : [ 1 , -2 , 1.50e3, true , null , {} , [] , \"x\" ] ,\n\t\"b\":{} } ") ==
          R"({"a":[1,-2,1.50e3,true,null,{},[],"x"],"b":{}})");
    CHECK(*compact_facts(R"({"a\n\u0000\"":"\r\n\u0001\u2028\\"})") ==
          "{\"a\\n\\u0000\\\"\":\"\\r\\n\\u0001\u2028\\\\\"}");
    CHECK(compact_facts("{\"a\":\"" + std::string(facts_size_max - 8, 'x') + "\"}"));
    const std::vector<std::string> wrong{"",
                                         "[]",
                                         "1",
                                         "null",
                                         "\"x\"",
                                         "{",
                                         "{}{}",
                                         "{}\n{}",
                                         "{\"a\":1,}",
                                         "{'a':1}",
                                         "{\"a\":1e999}",
                                         "{\"a\":NaN}",
                                         "{\"a\":\"\xff\"}",
                                         "{\"a\":\"\n\"}",
                                         std::string("{\"a\":\"\0\"}", 9),
                                         "{\"a\":\"" + std::string(facts_size_max, 'x') + "\"}",
                                         "{\"a\":" + std::string(500'000, '[') + std::string(500'000, ']') + "}",
                                         std::string(1'000'000, '['),
                                         "{\"a\":" + std::string(500'000, '[')};
    for (const std::string& one : wrong) {
        CAPTURE(one.substr(0, 40));
        const auto checked = compact_facts(one);
        REQUIRE_FALSE(checked);
        CHECK(checked.error().code == "audit.misuse");
    }
    std::string deep = "1";
    for (unsigned i = 1; i < facts_depth_max; ++i) {
        deep = "[" + deep + "]";
    }
    CHECK(compact_facts("{\"a\":" + deep + "}"));
    CHECK_FALSE(compact_facts("{\"a\":[" + deep + "]}"));
}

TEST_CASE("a record's head is read strictly") {
    chain_head head;
    line_writer writer(head, 0, kind::opened);
    const std::string line = writer.json("facts", "{}").finish();
    const auto read = read_line_head(line);
    REQUIRE(read);
    CHECK(read->record == 1);
    CHECK(read->previous == no_previous);
    CHECK(read->time == "1970-01-01T00:00:00.000Z");
    CHECK(read->kind == "opened");
    for (std::size_t size = 0; size < line.size(); ++size) {
        const std::string_view part = std::string_view(line).substr(0, size);
        CHECK(read_line_head(part).has_value() == part.ends_with("{}"));  // only its end is missing: the JSON is broken
    }
    CHECK_FALSE(read_line_head(R"({"record":01,"previous":")" + no_previous + R"(","time":"","kind":""})"));
    CHECK_FALSE(read_line_head(R"({"record":-1,"previous":")" + no_previous + R"(","time":"","kind":""})"));
    CHECK_FALSE(
        read_line_head(R"({"record":99999999999999999999,"previous":")" + no_previous + R"(","time":"","kind":""})"));
    CHECK_FALSE(read_line_head(R"({"record":1,"previous":"","time":"","kind":""})"));
    CHECK_FALSE(read_line_head(R"({"record": 1,"previous":")" + no_previous + R"(","time":"","kind":""})"));
}

TEST_CASE("the dots that DATA doubles go, and the final one, in pieces of any size") {
    for (const std::size_t size : {1U, 2U, 3U, 7U, 1000U}) {
        CAPTURE(size);
        CHECK(without_dots("a\r\n..b\r\n...\r\n.\r\n", size) == "a\r\n.b\r\n..\r\n");
        CHECK(without_dots("..a\r\n.\r\n", size) == ".a\r\n");
        CHECK(without_dots(".\r\n", size) == "");
        CHECK(without_dots("a.b\r\n.\r\nnever sent", size) == "a.b\r\n");
        CHECK(without_dots("a\n.b\r\n.\r\n", size) == "a\n.b\r\n");  // a lone LF ends no line
        CHECK(without_dots("a\r.b\r\n.\r\n", size) == "a\r.b\r\n");
        CHECK(without_dots(".\rb\r\n.\r\n", size) == "\rb\r\n");
        CHECK(without_dots("a\r\n.", size) == "a\r\n.");
        CHECK(without_dots("a\r\n.\r", size) == "a\r\n.\r");
        CHECK(without_dots("", size) == "");
    }
}
