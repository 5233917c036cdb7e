#include "transfer_encoding.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace hawser::smtp;

namespace {

template <typename Filter>
std::string encode(std::string_view text, std::size_t piece) {
    Filter filter;
    std::string out;
    for (std::size_t i = 0; i < text.size(); i += piece) {
        filter.write(text.substr(i, piece), out);
    }
    filter.finish(out);
    return out;
}

int digit(char c) { return c <= '9' ? c - '0' : c - 'A' + 10; }

std::string decode_quoted(std::string_view text) {  // RFC 2045 section 6.7, as a reader does it
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '=') {
            out += text[i];
        } else if (text.substr(i + 1, 2) == "\r\n") {
            i += 2;
        } else {
            out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
            i += 2;
        }
    }
    return out;
}

}  // namespace

TEST_CASE("quoted-printable gives every byte back, in any pieces, on lines of at most 76") {
    std::mt19937 random(20261125);
    for (int round = 0; round < 200; ++round) {
        std::string text(random() % 400, '\0');
        for (char& c : text) {
            c = "\r\n \t=.Fa\xe9\0"[random() % 10];
        }
        const std::string whole = encode<quoted_printable_filter>(text, 1000);
        CHECK(decode_quoted(whole) == text);
        CHECK(encode<quoted_printable_filter>(text, 1) == whole);
        for (std::size_t start = 0; start < whole.size();) {
            const std::size_t end = whole.find("\r\n", start);
            REQUIRE(end != std::string::npos);
            CHECK(end - start <= 76);
            CHECK((end == start || (whole[end - 1] != ' ' && whole[end - 1] != '\t')));
            start = end + 2;
        }
    }
}

TEST_CASE("what a relay changes at a line's start is encoded there, after a soft line break too") {
    for (const char* risky : {"From here", ".", "..", "From "}) {
        for (std::size_t before = 70; before <= 80; ++before) {
            const std::string text = std::string(before, 'x') + risky;
            const std::string whole = encode<quoted_printable_filter>(text, 3);
            CHECK(decode_quoted(whole) == text);
            CHECK(whole.find("\nFrom") == std::string::npos);
            CHECK(whole.find("\n.") == std::string::npos);
        }
    }
}

TEST_CASE("base64 has the vectors of RFC 4648, in any pieces, and the size that is foretold") {
    for (const auto& [text, expected] :
         {std::pair{"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}}) {
        CHECK(encode<base64_filter>(text, 1) == std::string(expected) + "\r\n");
    }
    for (std::size_t size = 0; size < 200; ++size) {
        const std::string text(size, 'x');
        CHECK(encode<base64_filter>(text, 7) == encode<base64_filter>(text, 1000));
        CHECK(static_cast<std::int64_t>(encode<base64_filter>(text, 7).size()) ==
              base64_filter::encoded_size(static_cast<std::int64_t>(size)));
    }
}

TEST_CASE("the shorter encoding is chosen, and the readable one at a tie") {
    CHECK(shorter_encoding("") == transfer_encoding::quoted_printable);
    CHECK(shorter_encoding("plain text\r\nof two lines\r\n") == transfer_encoding::quoted_printable);
    CHECK(shorter_encoding("Grüße an alle, die das lesen") == transfer_encoding::quoted_printable);
    CHECK(shorter_encoding("日本") == transfer_encoding::base64);
    CHECK(shorter_encoding(std::string(100, '\0')) == transfer_encoding::base64);
}
