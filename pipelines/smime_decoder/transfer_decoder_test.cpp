#include "transfer_decoder.hpp"

#include <doctest/doctest.h>

#include <ctime>

#include "spool.hpp"

using namespace hawser::smime;

namespace {

template <typename Decoder>
std::string decode(const std::string& in, std::size_t piece) {
    Decoder decoder;
    std::string out;
    for (std::size_t at = 0; at < in.size(); at += piece) {
        decoder.write(std::string_view(in).substr(at, piece), out);
    }
    decoder.finish(out);
    return out;
}

template <typename Decoder>
std::string decode(const std::string& in) {
    const std::string whole = decode<Decoder>(in, in.size() + 1);
    CHECK(decode<Decoder>(in, 1) == whole);
    CHECK(decode<Decoder>(in, 3) == whole);
    return whole;
}

std::string read_all(hawser::body_stream from) {
    std::string all;
    char buffer[777];
    while (const std::size_t size = from.read(buffer, sizeof buffer)) {
        all.append(buffer, size);
    }
    return all;
}

}  // namespace

TEST_CASE("base64 (RFC 4648 section 10)") {
    CHECK(decode<base64_decoder>("").empty());
    CHECK(decode<base64_decoder>("Zg==") == "f");
    CHECK(decode<base64_decoder>("Zm8=\r\n") == "fo");
    CHECK(decode<base64_decoder>("Zm9v\r\nYm\tFy") == "foobar");
    CHECK(decode<base64_decoder>("++//") == "\xfb\xef\xff");
    for (const char* bad : {"Zg", "Zg=", "Z===", "Zg==Zg==", "Zm9v!", "=", "Zg=a", "Zg==="}) {
        CAPTURE(bad);
        CHECK_THROWS_AS(decode<base64_decoder>(bad), hawser::failure);
    }
}

TEST_CASE("quoted-printable (RFC 2045 section 6.7)") {
    CHECK(decode<quoted_printable_decoder>("a=3Db=\r\nc  \r\nd=E4=\n") == "a=bc\r\nd\xe4");
    CHECK(decode<quoted_printable_decoder>("soft= \t\r\nbreak =20\n") == "softbreak  \n");
    CHECK(decode<quoted_printable_decoder>("=4G =zz a=") == "=4G =zz a");  // as it is written
    CHECK(decode<quoted_printable_decoder>("=4") == "=4");
    CHECK(decode<quoted_printable_decoder>("= 4=\t\r=\n= \r\t\r\nb") == "= 4=\t\r=\nb");
    CHECK_THROWS_AS(decode<quoted_printable_decoder>(std::string(5000, ' ')), hawser::failure);
}

TEST_CASE("soft line breaks that are none cost no more than other text") {
    const auto seconds_of = [](const std::string& line) {
        quoted_printable_decoder decoder;
        std::string out;
        const std::clock_t begin = std::clock();
        for (int i = 0; i < 4000; ++i) {
            out.clear();
            decoder.write(line, out);
        }
        return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    };
    const double plain = seconds_of(std::string(999, ' ') + 'a');
    CHECK(seconds_of('=' + std::string(999, ' ')) < 20 * plain + 0.1);
}

TEST_CASE("uuencode") {
    CHECK(decode<uuencode_decoder>("begin 644 cat.txt\r\n#0V%T\r\n`\r\nend\r\n") == "Cat");
    CHECK(decode<uuencode_decoder>("\nbegin 644 x\n$86)C9   \n \nend") == "abcd");
    for (const char* bad : {"#0V%T\n", "begin 644 x\n#0V%T\n", "begin 644 x\n#0V\x7fT\nend\n"}) {
        CHECK_THROWS_AS(decode<uuencode_decoder>(bad), hawser::failure);
    }
    CHECK_THROWS_AS(decode<uuencode_decoder>("begin 644 x\n" + std::string(2000, 'a')), hawser::failure);
}

TEST_CASE("an encoding that does not exist is refused") {
    CHECK_THROWS_WITH_AS(decode_transfer({}, "rot13"), doctest::Contains("\"rot13\""), hawser::failure);
}

TEST_CASE("a spool gives back what it took, from memory and from its file, at any place") {
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, spool::memory_max - 1, spool::memory_max, 3 * spool::memory_max + 17}) {
        std::string bytes(size, '\0');
        for (std::size_t i = 0; i < size; ++i) {
            bytes[i] = static_cast<char>(i * 31 % 253);
        }
        const auto filled = std::make_shared<spool>();
        for (std::size_t at = 0; at < size; at += 5000) {
            filled->append(std::string_view(bytes).substr(at, 5000));
        }
        CHECK(filled->size() == size);
        CHECK(filled->is_in_file() == (size >= spool::memory_max));
        CHECK(read_all(make_stream(filled, 0, size)) == bytes);
        for (const std::size_t begin : {std::size_t{1}, std::size_t{15}, spool::memory_max - 3}) {
            if (begin < size) {
                CHECK(read_all(make_stream(filled, begin, size)) == bytes.substr(begin));
                CHECK(read_all(make_stream(filled, begin, begin + 1)) == bytes.substr(begin, 1));
            }
        }
    }
}

TEST_CASE("a temporary folder that is not there fails with its name") {
    ::setenv("TMPDIR", "/nonexistent-folder", 1);
    spool full;
    CHECK_THROWS_AS(full.append(std::string(spool::memory_max, 'x')), std::exception);
    ::unsetenv("TMPDIR");
}
