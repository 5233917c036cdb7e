#include "oauth_request.hpp"

#include <openssl/ssl.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/span_body.hpp>
#include <boost/beast/http/vector_body.hpp>
#include <boost/beast/http/write.hpp>

#include "text.hpp"
#include "tls_name.hpp"

namespace hawser::smtp {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using addresses_type = asio::ip::tcp::resolver::results_type;
using tls_stream = asio::ssl::stream<asio::ip::tcp::socket&>;
// Whatever carries a secret lies in memory that is wiped.
using wiped = cleansing_allocator<char>;
using wiped_fields = http::basic_fields<wiped>;
using wiped_body = http::vector_body<char, wiped>;

class request_failure : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// The connection, and the time limit that closes it, which makes the operation under way fail; the timer may be set off
// before its time. Shared with the timer's handler, which may be on its way already when the request ends.
struct request_connection {
    explicit request_connection(asio::io_context& io) : socket(io), timer(io) {}
    asio::ip::tcp::socket socket;
    asio::steady_timer timer;
    bool is_over = false;    // given up
    bool has_ended = false;  // by itself
};

void limit_time(const std::shared_ptr<request_connection>& one, int seconds) {
    one->timer.expires_after(std::chrono::seconds(seconds));
    one->timer.async_wait([weak = std::weak_ptr<request_connection>(one)](const boost::system::error_code&) {
        const auto alive = weak.lock();
        if (alive && !alive->has_ended) {
            alive->is_over = true;
            boost::system::error_code ignored;
            alive->socket.close(ignored);
        }
    });
}

asio::awaitable<addresses_type> look_up(asio::io_context& io, blocking_pool& blocking,
                                        const token_endpoint_address& endpoint, int timeout_s, wait_breaker& breaker) {
    auto work = [&io, host = endpoint.host, port = endpoint.port] {
        boost::system::error_code failed;
        asio::ip::tcp::resolver resolver(io);
        addresses_type found = resolver.resolve(host, port, asio::ip::resolver_base::numeric_service, failed);
        if (failed) {
            throw request_failure("its name cannot be looked up: " + failed.message());
        }
        return found;
    };
    co_return co_await blocking.run(std::move(work), timeout_s, breaker);
}

// TLS 1.2 at least, and the name as in the URL.
asio::awaitable<void> agree_on_tls(tls_stream& stream, const std::string& host) {
    verify_name(stream.native_handle(), host);
    stream.set_verify_mode(asio::ssl::verify_peer);
    boost::system::error_code code;
    co_await stream.async_handshake(asio::ssl::stream_base::client, asio::redirect_error(asio::use_awaitable, code));
    if (code) {
        const long verified = SSL_get_verify_result(stream.native_handle());
        throw request_failure(verified != X509_V_OK ? "its certificate cannot be trusted for \"" + host + "\" (" +
                                                          X509_verify_cert_error_string(verified) + ')'
                                                    : "TLS could not be agreed on (" + code.message() + ')');
    }
}

template <typename Stream>
asio::awaitable<token_answer> converse(Stream& stream, const token_endpoint_address& endpoint, token_request content) {
    http::request<http::span_body<char>, wiped_fields> request{http::verb::post, endpoint.target, 11};
    const bool is_literal = endpoint.host.find(':') != std::string::npos;
    request.set(http::field::host, (is_literal ? '[' + endpoint.host + ']' : endpoint.host) + ':' + endpoint.port);
    request.set(http::field::content_type, "application/x-www-form-urlencoded");
    request.set(http::field::accept, "application/json");
    request.set(http::field::connection, "close");
    if (!content.authorization.is_empty()) {
        const std::string_view value = content.authorization.view();
        request.set(http::field::authorization, {value.data(), value.size()});
    }
    request.body() = {content.body.data(), content.body.size()};
    request.prepare_payload();
    co_await http::async_write(stream, request, asio::use_awaitable);

    boost::beast::basic_flat_buffer<wiped> buffer(token_buffer_size_max);
    http::parser<false, wiped_body, wiped> parser;
    parser.body_limit(token_answer_size_max);
    parser.header_limit(token_header_size_max);
    co_await http::async_read(stream, buffer, parser, asio::use_awaitable);
    const auto& body = parser.get().body();
    co_return read_token_answer(parser.get().result_int(), {body.data(), body.size()});
}

asio::awaitable<token_answer> ask(asio::ip::tcp::socket& socket, addresses_type addresses,
                                  std::shared_ptr<asio::ssl::context> tls_context, token_endpoint_address endpoint,
                                  token_request content) {
    co_await asio::async_connect(socket, addresses, asio::use_awaitable);
    if (!endpoint.is_encrypted) {
        co_return co_await converse(socket, endpoint, std::move(content));
    }
    tls_stream stream(socket, *tls_context);
    co_await agree_on_tls(stream, endpoint.host);
    co_return co_await converse(stream, endpoint, std::move(content));
}

}  // namespace

asio::awaitable<token_answer> request_token(asio::io_context& io, blocking_pool& blocking,
                                            std::shared_ptr<asio::ssl::context> tls_context, const oauth_grant& grant,
                                            bool allows_clear_text, int timeout_s, wait_breaker& breaker) {
    token_answer failed;
    token_endpoint_address endpoint;
    if (!parse_token_endpoint(grant.token_endpoint, allows_clear_text, endpoint, failed.problem)) {
        failed.what = token_answer::kind::refused;
        co_return failed;
    }
    const auto connection = std::make_shared<request_connection>(io);
    const timer_set::membership breakable(breaker.timers(), connection->timer);
    limit_time(connection, timeout_s);
    token_answer answer;
    try {
        addresses_type addresses = co_await look_up(io, blocking, endpoint, timeout_s, breaker);
        if (connection->is_over) {  // there was no socket yet to close
            throw request_failure("its name could not be looked up in time");
        }
        answer = co_await ask(connection->socket, std::move(addresses), std::move(tls_context), endpoint,
                              make_token_request(grant));
    } catch (const std::exception& trouble) {  // the network's, Beast's (a malformed or too long answer), or our own
        answer.problem = breaker.is_broken_off() ? breaker.why()
                         : connection->is_over   ? "it did not answer in time"
                                                 : shown(trouble.what());
    }
    connection->has_ended = true;
    connection->timer.cancel();
    co_return answer;
}

}  // namespace hawser::smtp
