#include "certificates/http_fetch.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "certificates/guarded_stream.hpp"

namespace hawser::engine {
namespace {

namespace http = boost::beast::http;
constexpr unsigned header_size_max = 16 * 1024;

http::request<http::string_body> make_message(const fetch_url& to, const fetch_request& request) {
    http::request<http::string_body> message;
    message.method(request.content_type.empty() ? http::verb::get : http::verb::post);
    message.target(to.target);
    message.version(11);
    const bool is_literal = to.host.find(':') != std::string::npos;
    const std::string host = is_literal ? '[' + to.host + ']' : to.host;
    message.set(http::field::host, to.port == (to.has_tls() ? "443" : "80") ? host : host + ':' + to.port);
    message.set(http::field::user_agent, "Hawser");
    message.set(http::field::connection, "close");
    if (!request.content_type.empty()) {
        message.set(http::field::content_type, request.content_type);
        message.body() = request.body;
        message.prepare_payload();
    }
    return message;
}

}  // namespace

result<std::string> fetch_http(const fetch_url& to, const fetch_request& request, const fetch_limits& limits,
                               const std::atomic<bool>& is_stopping) {
    guarded_stream stream(limits, is_stopping);
    if (const result<void> opened = stream.open(to); !opened) {
        return unexpected{opened.error()};
    }
    boost::system::error_code code;
    http::write(stream, make_message(to, request), code);
    if (code) {
        return fail(server_away, "the request cannot be sent: " + stream.text_of(code));
    }
    boost::beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.body_limit(limits.size_max);
    parser.header_limit(header_size_max);
    http::read(stream, buffer, parser, code);
    const char* kind = parser.is_header_done() ? answer_unfit : server_away;
    if (code == http::error::body_limit) {
        return fail(kind, "its answer has more than " + std::to_string(limits.size_max) + " bytes");
    }
    if (code) {
        return fail(kind, "its answer cannot be read: " + stream.text_of(code));
    }
    if (parser.get().result() != http::status::ok) {
        return fail(kind, "it answered with HTTP status " + std::to_string(parser.get().result_int()) +
                              " (redirects are not followed)");
    }
    return std::move(parser.get().body());
}

}  // namespace hawser::engine
