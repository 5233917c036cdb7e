#include "ber_reader.hpp"

#include <doctest/doctest.h>

#include "piecewise_source.hpp"

using namespace hawser::smime;

namespace {

ber_reader reader_of(std::string_view bytes, std::size_t piece = 1) {
    return ber_reader(byte_reader(in_pieces(bytes, piece)));
}

std::string bytes(std::initializer_list<unsigned> all) {
    std::string out;
    for (const unsigned one : all) {
        out.push_back(static_cast<char>(one));
    }
    return out;
}

std::string octets_of(ber_reader& reader) {
    std::string all;
    char buffer[7];
    while (const std::size_t size = reader.read_octets(buffer, sizeof buffer)) {
        all.append(buffer, size);
    }
    return all;
}

// SEQUENCE, indefinite: INTEGER 5, OCTET STRING in pieces "ab" + ("c" + "") + "d", SET {}
const std::string sample = bytes({0x30, 0x80, 0x02, 0x01, 0x05, 0x24, 0x80, 0x04, 0x02, 'a',  'b',  0x24, 0x05, 0x04,
                                  0x01, 'c',  0x04, 0x00, 0x04, 0x81, 0x01, 'd',  0x00, 0x00, 0x31, 0x00, 0x00, 0x00});

std::string read_sample(ber_reader& reader) {
    reader.enter(ber::sequence, "the sample");
    const std::string number = reader.capture(ber::integer, 10, "the number");
    reader.enter_octets(ber::octet_string, "the text");
    const std::string text = octets_of(reader);
    reader.enter(ber::set, "the set");
    reader.leave();
    reader.leave();
    return number + text;
}

}  // namespace

TEST_CASE("definite and indefinite lengths and strings in pieces read the same in any chunking") {
    for (const std::size_t piece : {1U, 2U, 3U, 100U}) {
        ber_reader reader = reader_of(sample, piece);
        CHECK(read_sample(reader) == bytes({0x02, 0x01, 0x05, 'a', 'b', 'c', 'd'}));
        CHECK_FALSE(reader.has_more());
    }
}

TEST_CASE("what ends too early is refused wherever it ends") {
    for (std::size_t size = 0; size < sample.size(); ++size) {
        ber_reader reader = reader_of(sample.substr(0, size));
        CHECK_THROWS_AS(read_sample(reader), hawser::failure);
    }
}

TEST_CASE("an element is captured as it stands") {
    ber_reader reader = reader_of(sample);
    CHECK(reader.capture(100, "all") == sample);
    ber_reader small = reader_of(sample);
    CHECK_THROWS_WITH(small.capture(sample.size() - 1, "all"), doctest::Contains("all has more than 27 bytes"));
}

TEST_CASE("absurd lengths allocate nothing and are refused") {
    ber_reader huge = reader_of(bytes({0x04, 0x88, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 'x'}));
    CHECK_THROWS_WITH(huge.capture(1000, "the string"), doctest::Contains("the string has more than 1000 bytes"));
    ber_reader negative = reader_of(bytes({0x04, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 'x'}));
    CHECK_THROWS_AS(negative.peek(), hawser::failure);
    ber_reader nine = reader_of(bytes({0x04, 0x89, 1, 2, 3, 4, 5, 6, 7, 8, 9, 'x'}));
    CHECK_THROWS_WITH(nine.peek(), doctest::Contains("a length has 9 bytes"));
    ber_reader truncated = reader_of(bytes({0x04, 0x88, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 'x'}));
    truncated.enter_octets(ber::octet_string, "the string");
    CHECK_THROWS_WITH(octets_of(truncated), doctest::Contains("ends too early"));
}

TEST_CASE("nothing goes beyond what is around it") {
    ber_reader inner = reader_of(bytes({0x30, 0x03, 0x04, 0x02, 'a', 'b'}));
    inner.enter(ber::sequence, "the outer");
    CHECK_THROWS_WITH(inner.peek(), doctest::Contains("more than the one around it has"));
    ber_reader endless = reader_of(bytes({0x30, 0x04, 0x30, 0x80, 0x05, 0x00, 0x00, 0x00}));
    endless.enter(ber::sequence, "the outer");
    endless.enter(ber::sequence, "the inner");
    endless.capture(10, "the null");
    CHECK_THROWS_WITH(endless.has_more(), doctest::Contains("beyond the end of the one around it"));
    ber_reader many = reader_of(bytes({0x30, 0x02, 0x05, 0x00}));
    many.enter(ber::sequence, "the outer");
    CHECK_THROWS_WITH(many.leave(), doctest::Contains("an element too many"));
}

TEST_CASE("it nests to a limit, and no deeper") {
    const auto nested = [](std::size_t depth) {
        std::string all;
        for (std::size_t i = 0; i < depth; ++i) {
            all += bytes({0x30, 0x80});
        }
        return all + std::string(2 * depth, '\0');
    };
    ber_reader allowed = reader_of(nested(ber_reader::depth_max));
    CHECK(allowed.capture(1000, "it").size() == 4 * ber_reader::depth_max);
    ber_reader deep = reader_of(nested(ber_reader::depth_max + 1));
    CHECK_THROWS_WITH(deep.capture(100000, "it"), doctest::Contains("nested deeper"));
    ber_reader strings = reader_of(std::string(100000, '\x24'));
    strings.enter_octets(ber::octet_string, "the string");
    CHECK_THROWS_AS(octets_of(strings), hawser::failure);
}

TEST_CASE("elements that CMS has not are refused") {
    ber_reader high = reader_of(bytes({0x1f, 0x81, 0x01, 0x00}));
    CHECK_THROWS_AS(high.peek(), hawser::failure);
    ber_reader indefinite = reader_of(bytes({0x04, 0x80, 0x00, 0x00}));
    CHECK_THROWS_AS(indefinite.peek(), hawser::failure);
    ber_reader end = reader_of(bytes({0x30, 0x04, 0x00, 0x00, 0x05, 0x00}));
    end.enter(ber::sequence, "it");
    CHECK_THROWS_AS(end.peek(), hawser::failure);
    ber_reader mixed = reader_of(bytes({0x24, 0x80, 0x02, 0x01, 0x05, 0x00, 0x00}));
    mixed.enter_octets(ber::octet_string, "the string");
    CHECK_THROWS_WITH(octets_of(mixed), doctest::Contains("a piece of an octet string is none"));
}

TEST_CASE("what is left is passed over, whatever its lengths") {
    ber_reader reader = reader_of(bytes({0x30, 0x80}) + sample + sample + bytes({0x00, 0x00, 0x05, 0x00}));
    reader.enter(ber::sequence, "the outer");
    reader.skip_rest();
    reader.leave();
    CHECK(reader.capture(2, "the null") == bytes({0x05, 0x00}));
}

TEST_CASE("DER is written with the shortest length") {
    CHECK(der_element(0x04, "ab") == bytes({0x04, 0x02, 'a', 'b'}));
    CHECK(der_element(0x04, std::string(127, 'a')).substr(0, 2) == bytes({0x04, 0x7f}));
    CHECK(der_element(0x04, std::string(128, 'a')).substr(0, 3) == bytes({0x04, 0x81, 0x80}));
    CHECK(der_element(0x04, std::string(300, 'a')).substr(0, 4) == bytes({0x04, 0x82, 0x01, 0x2c}));
}
