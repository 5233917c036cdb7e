#include "mail_header.hpp"

#include <doctest/doctest.h>

using namespace hawser::smtp;

TEST_CASE("plain text stays as it is, and other text becomes encoded-words (RFC 2047)") {
    CHECK(encode_unstructured("Subject", "Invoice 4711") == "Invoice 4711");
    CHECK(encode_unstructured("Subject", "Grüße") == "=?utf-8?q?Gr=C3=BC=C3=9Fe?=");
    CHECK(encode_unstructured("Subject", "日本") == "=?utf-8?b?5pel5pys?=");
    CHECK(encode_unstructured("Subject", "=?utf-8?q?x?=") != "=?utf-8?q?x?=");
}

TEST_CASE("no value makes another header field: controls become spaces, lines are folded and never too long") {
    for (const std::string& text :
         {std::string("a\r\nBcc: x@y"), std::string("a\nb"), std::string("a\0b", 3), std::string(5000, 'x'),
          "é" + std::string(3000, 'y'), std::string("word ") + std::string(900, 'z') + " end",
          std::string("\xff\xfe invalid")}) {
        const std::string value = encode_unstructured("Subject", text);
        std::size_t line = 9;
        for (std::size_t i = 0; i < value.size(); ++i) {
            CHECK(value[i] != '\0');
            if (value[i] == '\r') {
                CHECK(value.substr(i, 3) == "\r\n ");
                line = 0;
                ++i;
            } else {
                CHECK(value[i] != '\n');
                CHECK(++line <= 998);
            }
        }
    }
}

TEST_CASE("names of addresses are quoted or encoded") {
    CHECK(encode_addresses("To", {{"", "a@example.org"}, {"Jane Doe", "j@example.org"}}) ==
          "a@example.org, Jane Doe <j@example.org>");
    CHECK(encode_addresses("To", {{"Doe, \"J\"", "j@example.org"}}) == "\"Doe, \\\"J\\\"\" <j@example.org>");
    CHECK(encode_addresses("To", {{"Jörg", "j@example.org"}}) == "=?utf-8?q?J=C3=B6rg?= <j@example.org>");
}

TEST_CASE("parameters are quoted, or encoded as RFC 2231 says") {
    CHECK(encode_parameter("filename", "a b.pdf") == ";\r\n filename=\"a b.pdf\"");
    CHECK(encode_parameter("filename", "x\"; y=\"z") == ";\r\n filename=\"x\\\"; y=\\\"z\"");
    CHECK(encode_parameter("filename", "€ rates.pdf") ==
          ";\r\n filename*=utf-8''%E2%82%AC%20rates.pdf");  // RFC 5987's example name
    CHECK(encode_parameter("filename", std::string(100, 'a')).find("filename*1*=") != std::string::npos);
}

TEST_CASE("dates have RFC 5322's form") {
    CHECK(encode_date(880127706000) == "Fri, 21 Nov 1997 15:55:06 +0000");  // RFC 5322 appendix A.1.1, in UTC
}
