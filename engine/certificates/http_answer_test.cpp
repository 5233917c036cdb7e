#include "certificates/http_answer.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <cstring>

using namespace hawser::engine;
using doctest::Contains;

namespace {

// These bytes, and then as much of `rest` as the reader wants; "" = the connection ends.
struct server {
    std::string bytes;
    std::string rest = {};
    std::size_t piece = 10'000;
    std::size_t given = 0;

    result<std::string> read() {
        return read_http_answer({[this](void* buffer, std::size_t capacity, boost::system::error_code& code) {
                                     return give(static_cast<char*>(buffer), capacity, code);
                                 },
                                 [](const boost::system::error_code& code) { return code.message(); }},
                                1000);
    }
    doctest::String error() {
        const result<std::string> got = read();
        return got ? "" : doctest::String(got.error().text.c_str());
    }

private:
    std::size_t give(char* buffer, std::size_t capacity, boost::system::error_code& code) {
        REQUIRE(given < 1'000'000);
        capacity = std::min(capacity, piece);
        while (!rest.empty() && bytes.size() < given + capacity) {
            bytes += rest;
        }
        const std::size_t size = std::min(capacity, bytes.size() - given);
        code = size == 0 ? boost::asio::error::eof : boost::system::error_code();
        std::memcpy(buffer, bytes.data() + given, size);
        given += size;
        return size;
    }
};

const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

}  // namespace

TEST_CASE("chunks with extensions and a trailer are the body alone") {
    const auto got = server{chunked + "2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\nX: y\r\n\r\n"}.read();
    REQUIRE(got);
    CHECK(*got == "hello");
}

TEST_CASE("an answer that comes in pieces is the same, though it is but a last chunk") {
    for (const char* body : {"0\r\n\r\n", "0\r\nX: y\r\n\r\n", "0;a\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n"}) {
        CAPTURE(body);
        for (const std::size_t piece : {1U, 2U, 3U, 4U, 5U, 50U}) {
            const auto got = server{chunked + body, "", piece}.read();
            REQUIRE(got);
            CHECK(*got == (body[0] == '5' ? "hello" : ""));
        }
    }
    CHECK(server{chunked + "0\r\n\r", "", 1}.error() == Contains("cannot be read"));
    CHECK(server{chunked + "0\r\n", "", 1}.error() == Contains("cannot be read"));
    CHECK(server{"", "", 1}.error() == Contains("cannot be read"));
    CHECK(*server{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", "", 1}.read() == "x");
}

TEST_CASE("nothing that never ends is kept: no header, no chunk's extension and no trailer") {
    CHECK(server{"HTTP/1.1 200 OK\r\nX: ", "x"}.error() == Contains("cannot be read"));
    CHECK(server{"HTTP/1.1 200 OK\r\n", "X: x\r\n"}.error() == Contains("cannot be read"));
    CHECK(server{chunked + "1;", "x"}.error() == Contains("cannot be read"));
    CHECK(server{chunked + "1\r\nx\r\n0\r\nX: ", "x"}.error() == Contains("cannot be read"));
    CHECK(server{chunked + "0\r\n", "X: x\r\n"}.error() == Contains("cannot be read"));
    CHECK(server{chunked, "1\r\nx\r\n"}.error() == Contains("more than 1000 bytes"));
    CHECK(server{"HTTP/1.1 200 OK\r\n\r\n", "x"}.error() == Contains("more than 1000 bytes"));
}
