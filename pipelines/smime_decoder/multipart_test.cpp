#include "multipart.hpp"

#include <doctest/doctest.h>

using namespace hawser::smime;

namespace {

std::shared_ptr<spool> spool_of(const std::string& text) {
    auto filled = std::make_shared<spool>();
    filled->append(text);
    return filled;
}

std::string body_of(spool& from, const mime_part& part) {
    std::string all(part.end - part.body_begin, '\0');
    std::size_t at = 0;
    while (at < all.size()) {
        at += from.read(part.body_begin + at, all.data() + at, all.size() - at);
    }
    return all;
}

std::vector<std::string> leaves_of(const std::string& text, const std::string& boundary = "edge") {
    const std::shared_ptr<spool> from = spool_of(text);
    std::vector<std::string> all;
    content_type type = parse_content_type("multipart/mixed; boundary=\"" + boundary + "\"");
    for (const mime_part& one : find_leaves(from, 0, from->size(), type)) {
        all.push_back(one.header.type().type + ':' + body_of(*from, one));
    }
    return all;
}

using names = std::vector<std::string>;

}  // namespace

TEST_CASE("parts end before the line end that belongs to the delimiter") {
    CHECK(
        leaves_of("preamble\r\n--edge\r\n\r\none\r\n\r\n--edge \t\r\nContent-Type: text/xml\r\n\r\n<a/>\r\n--edge--\r\n"
                  "epilogue\r\n--edge\r\n") == names{"text/plain:one\r\n", "text/xml:<a/>"});
    CHECK(leaves_of("--edge\n\none\n--edge--") == names{"text/plain:one"});
    CHECK(leaves_of("--edge\r\n--edge\r\n\r\n\r\n--edge--") == names{"text/plain:", "text/plain:"});
    CHECK(leaves_of("--edge\r\nContent-Type: a/b\r\n--edge--") == names{"a/b:"});
}

TEST_CASE("only a whole line is a delimiter") {
    CHECK(leaves_of("--edge\r\n\r\n--edgex\r\n --edge\r\n--edge-\r\n--edg\r\n--edge--") ==
          names{"text/plain:--edgex\r\n --edge\r\n--edge-\r\n--edg"});
    CHECK(leaves_of("--edge\r\n\r\n--edge" + std::string(1000, ' ') + "\r\n--edge--").size() == 1);
    const std::string long_line(300000, '-');
    CHECK(leaves_of("--edge\r\n\r\n" + long_line + "\r\n--edge--") == names{"text/plain:" + long_line});
}

TEST_CASE("nested multiparts give their leaves in order, and keep to the outer one's delimiter") {
    CHECK(leaves_of("--edge\r\nContent-Type: multipart/alternative; boundary=in\r\n\r\n--in\r\n\r\n1\r\n--in\r\n"
                    "Content-Type: text/html\r\n\r\n2\r\n--in--\r\n\r\n--edge\r\n\r\n3\r\n--edge--") ==
          names{"text/plain:1", "text/html:2", "text/plain:3"});
    CHECK_THROWS_WITH_AS(
        leaves_of("--edge\r\nContent-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\n\r\n1\r\n--edge--"),
        doctest::Contains("no closing delimiter"), hawser::failure);
}

TEST_CASE("what is endless, deep, or no multipart is refused") {
    CHECK_THROWS_AS(leaves_of("--edge\r\n\r\none\r\n"), hawser::failure);
    CHECK_THROWS_AS(leaves_of("nothing"), hawser::failure);
    CHECK_THROWS_WITH_AS(leaves_of("--edge--\r\n"), doctest::Contains("has no parts"), hawser::failure);
    CHECK_THROWS_AS(leaves_of("--edge\r\n\r\none\r\n--edge--", ""), hawser::failure);
    CHECK_THROWS_AS(leaves_of("--edge\r\n\r\none\r\n--edge--", std::string(300, 'e')), hawser::failure);
    CHECK_THROWS_WITH_AS(leaves_of("--edge\r\n<xml/>\r\n\r\n--edge--"), doctest::Contains("does not begin with a MIME"),
                         hawser::failure);
    std::string many;
    for (int i = 0; i < 1001; ++i) {
        many += "--edge\r\n\r\n\r\n";
    }
    CHECK_THROWS_WITH_AS(leaves_of(many + "--edge--"), doctest::Contains("more than 1000 parts"), hawser::failure);
    std::string large;
    for (int i = 0; i < 20; ++i) {
        large += "--edge\r\nA: " + std::string(60000, 'a') + "\r\n\r\n\r\n";
    }
    CHECK_THROWS_WITH_AS(leaves_of(large + "--edge--"), doctest::Contains("headers of the message's parts"),
                         hawser::failure);
    std::string nested;
    for (int i = 0; i < 4; ++i) {
        const std::string boundary = "b" + std::to_string(i);
        nested += "--edge\r\nContent-Type: multipart/mixed; boundary=" + boundary + "\r\n\r\n";
        for (int j = 0; j < 5; ++j) {
            nested += "--" + boundary + "\r\nA: " + std::string(60000, 'a') + "\r\n\r\n\r\n";
        }
        nested += "--" + boundary + "--\r\n";
    }
    CHECK_THROWS_WITH_AS(leaves_of(nested + "--edge--"), doctest::Contains("headers of the message's parts"),
                         hawser::failure);
    std::string deep = "\r\nx";
    for (int i = 12; i > 0; --i) {
        const std::string boundary = "b" + std::to_string(i);
        deep = "Content-Type: multipart/mixed; boundary=" + boundary + "\r\n\r\n--" + boundary + "\r\n" + deep +
               "\r\n--" + boundary + "--";
    }
    CHECK_THROWS_WITH_AS(leaves_of("--edge\r\n" + deep + "\r\n--edge--"), doctest::Contains("nested deeper than 10"),
                         hawser::failure);
}
