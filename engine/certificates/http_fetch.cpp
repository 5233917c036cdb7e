#include "certificates/http_fetch.hpp"

#include <boost/beast/http.hpp>

#include "certificates/guarded_stream.hpp"
#include "certificates/http_answer.hpp"

namespace hawser::engine {
namespace {

namespace http = boost::beast::http;

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
    return read_http_answer(
        {[&](void* buffer, std::size_t capacity, auto& failed) { return stream.read(buffer, capacity, failed); },
         [&](const auto& failed) { return stream.text_of(failed); }},
        limits.size_max);
}

}  // namespace hawser::engine
