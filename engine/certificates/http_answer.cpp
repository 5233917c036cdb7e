#include "certificates/http_answer.hpp"

#include <boost/asio/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

namespace hawser::engine {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;
using answer_parser = http::response_parser<http::string_body>;

constexpr unsigned header_size_max = 16 * 1024;
// The parser limits neither what comes with a chunk nor a trailer, and they have to be in the buffer whole.
constexpr std::size_t buffer_size_max = 64UL * 1024;
constexpr std::size_t last_chunk_size_min = 5;  // "0", and two line ends

// The parser asserts that it has a last chunk's first bytes at once, and no chunked answer ends in fewer.
bool is_enough(const answer_parser& parser, std::size_t size) {
    return !parser.is_header_done() || !parser.chunked() || size >= last_chunk_size_min;
}

void end(answer_parser& parser, error_code& code) {
    code = http::error::end_of_stream;
    if (parser.got_some()) {
        parser.put_eof(code);
    }
}

error_code read_all(const http_source& source, answer_parser& parser) {
    boost::beast::flat_buffer buffer(buffer_size_max);
    error_code code;
    parser.eager(true);
    while (!code && !parser.is_done()) {
        if (buffer.size() == buffer_size_max) {
            return http::error::buffer_overflow;
        }
        const auto space = buffer.prepare(buffer_size_max - buffer.size());
        buffer.commit(source.read(space.data(), space.size(), code));
        if (code == boost::asio::error::eof) {
            end(parser, code);
        } else if (!code && is_enough(parser, buffer.size())) {
            buffer.consume(parser.put(buffer.data(), code));
            code = code == http::error::need_more ? error_code() : code;
        }
    }
    return code;
}

}  // namespace

result<std::string> read_http_answer(const http_source& source, std::size_t size_max) {
    answer_parser parser;
    parser.body_limit(size_max);
    parser.header_limit(header_size_max);
    const error_code code = read_all(source, parser);
    const char* kind = parser.is_header_done() ? answer_unfit : server_away;
    if (code == http::error::body_limit) {
        return fail(kind, "its answer has more than " + std::to_string(size_max) + " bytes");
    }
    if (code) {
        return fail(kind, "its answer cannot be read: " + source.text_of(code));
    }
    if (parser.get().result() != http::status::ok) {
        return fail(kind, "it answered with HTTP status " + std::to_string(parser.get().result_int()) +
                              " (redirects are not followed)");
    }
    return std::move(parser.get().body());
}

}  // namespace hawser::engine
