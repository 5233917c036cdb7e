#include "certificates/http_fetch.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <optional>
#include <vector>

namespace hawser::engine {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds look_interval{100};
constexpr unsigned header_size_max = 16 * 1024;

struct address_of_url {
    std::string host;  // an IPv6 address without its brackets
    std::string port = "80";
    std::string target = "/";
};

std::optional<address_of_url> parse_url(const std::string& url) {
    constexpr std::string_view scheme = "http://";
    // A line end in it would become one of the request's.
    const bool is_printable = std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < '\x7f'; });
    if (url.rfind(scheme, 0) != 0 || !is_printable) {
        return std::nullopt;
    }
    address_of_url parsed;
    const std::size_t end = std::min(url.find_first_of("/?#", scheme.size()), url.size());
    std::string authority = url.substr(scheme.size(), end - scheme.size());
    if (end < url.size() && url[end] != '#') {
        parsed.target = (url[end] == '?' ? "/" : "") + url.substr(end, url.find('#', end) - end);
    }
    const std::size_t colon = authority.rfind(':');
    if (colon != std::string::npos && authority.find(']', colon) == std::string::npos) {
        parsed.port = authority.substr(colon + 1);
        authority.resize(colon);
    }
    if (authority.size() > 2 && authority.front() == '[' && authority.back() == ']') {
        authority = authority.substr(1, authority.size() - 2);
    }
    parsed.host = authority;
    const bool has_port = !parsed.port.empty() && parsed.port.size() <= 5 &&
                          parsed.port.find_first_not_of("0123456789") == std::string::npos;
    const bool is_sound = has_port && !parsed.host.empty() && parsed.host.find('@') == std::string::npos;
    return is_sound ? std::optional(parsed) : std::nullopt;
}

bool is_public(const asio::ip::address_v4& address) {
    static const std::array<asio::ip::network_v4, 13> closed{
        asio::ip::make_network_v4("0.0.0.0/8"),      asio::ip::make_network_v4("10.0.0.0/8"),
        asio::ip::make_network_v4("100.64.0.0/10"),  asio::ip::make_network_v4("127.0.0.0/8"),
        asio::ip::make_network_v4("169.254.0.0/16"), asio::ip::make_network_v4("172.16.0.0/12"),
        asio::ip::make_network_v4("192.0.0.0/24"),   asio::ip::make_network_v4("192.88.99.0/24"),
        asio::ip::make_network_v4("192.168.0.0/16"), asio::ip::make_network_v4("198.18.0.0/15"),
        asio::ip::make_network_v4("203.0.113.0/24"), asio::ip::make_network_v4("224.0.0.0/4"),
        asio::ip::make_network_v4("240.0.0.0/4")};
    return std::none_of(closed.begin(), closed.end(), [&](const asio::ip::network_v4& one) {
        return asio::ip::network_v4(address, one.prefix_length()).canonical() == one;
    });
}

// Global unicast (2000::/3) without those parts of it that lead elsewhere: 6to4 and Teredo.
bool is_public(const asio::ip::address_v6& address) {
    if (address.is_v4_mapped()) {
        return is_public(asio::ip::make_address_v4(asio::ip::v4_mapped, address));
    }
    const asio::ip::address_v6::bytes_type bytes = address.to_bytes();
    const bool is_global = (bytes[0] & 0xe0U) == 0x20U;
    const bool is_six_to_four = bytes[0] == 0x20U && bytes[1] == 0x02U;
    const bool is_teredo = bytes[0] == 0x20U && bytes[1] == 0x01U && bytes[2] == 0 && bytes[3] == 0;
    return is_global && !is_six_to_four && !is_teredo;
}

bool is_public(const asio::ip::address& address) {
    return address.is_v4() ? is_public(address.to_v4()) : is_public(address.to_v6());
}

// The steps of one exchange, each started by the end of the one before.
class exchange {
public:
    exchange(const http_request& request, address_of_url to, const http_limits& limits)
        : to_(std::move(to)), limits_(limits), resolver_(io_), socket_(io_) {
        message_.method(request.content_type.empty() ? http::verb::get : http::verb::post);
        message_.target(to_.target);
        message_.version(11);
        const bool is_literal = to_.host.find(':') != std::string::npos;
        const std::string host = is_literal ? '[' + to_.host + ']' : to_.host;
        message_.set(http::field::host, to_.port == "80" ? host : host + ':' + to_.port);
        message_.set(http::field::user_agent, "Hawser");
        message_.set(http::field::connection, "close");
        if (!request.content_type.empty()) {
            message_.set(http::field::content_type, request.content_type);
            message_.body() = request.body;
            message_.prepare_payload();
        }
        parser_.body_limit(limits.size_max);
        parser_.header_limit(header_size_max);
    }

    result<std::string> run(const std::atomic<bool>& is_stopping) {
        const auto end = std::chrono::steady_clock::now() + limits_.time_max;
        resolve();
        for (io_.run_for(look_interval); !is_done_; io_.run_for(look_interval)) {
            if (is_stopping || std::chrono::steady_clock::now() >= end) {
                return fail(server_away, is_stopping ? "the host stops" : "it did not answer in time");
            }
            io_.restart();
        }
        if (!problem_.empty()) {
            return fail(has_answer_ ? "revocation.answer" : server_away, problem_);
        }
        if (parser_.get().result() != http::status::ok) {
            return fail("revocation.answer", "it answered with HTTP status " +
                                                 std::to_string(parser_.get().result_int()) +
                                                 " (redirects are not followed)");
        }
        return std::move(parser_.get().body());
    }

private:
    void resolve() {
        resolver_.async_resolve(to_.host, to_.port, tcp::resolver::numeric_service,
                                [this](const error_code& code, const tcp::resolver::results_type& found) {
                                    if (!is_over(code, "its name cannot be looked up")) {
                                        connect(found);
                                    }
                                });
    }
    // To what was looked up and no other: a name that is looked up again may lead elsewhere.
    void connect(const tcp::resolver::results_type& found) {
        for (const auto& one : found) {
            if (limits_.allows_private_addresses || is_public(one.endpoint().address())) {
                endpoints_.push_back(one.endpoint());
            }
        }
        if (endpoints_.empty()) {
            finish("its address is a private one: set host.certificates.revocationPrivateAddresses to allow that");
            return;
        }
        asio::async_connect(socket_, endpoints_, [this](const error_code& code, const tcp::endpoint&) {
            if (!is_over(code, "it cannot be connected to")) {
                write();
            }
        });
    }
    void write() {
        http::async_write(socket_, message_, [this](const error_code& code, std::size_t) {
            if (!is_over(code, "the request cannot be sent")) {
                read();
            }
        });
    }
    void read() {
        http::async_read(socket_, buffer_, parser_, [this](const error_code& code, std::size_t) {
            has_answer_ = parser_.is_header_done();
            if (code == http::error::body_limit) {
                finish("its answer has more than " + std::to_string(limits_.size_max) + " bytes");
            } else if (!is_over(code, "its answer cannot be read")) {
                is_done_ = true;
            }
        });
    }
    bool is_over(const error_code& code, const char* what) {
        if (code) {
            finish(std::string(what) + ": " + code.message());
        }
        return is_done_;
    }
    void finish(std::string problem) {
        problem_ = std::move(problem);
        is_done_ = true;
    }

    address_of_url to_;
    const http_limits& limits_;
    asio::io_context io_{1};
    tcp::resolver resolver_;
    tcp::socket socket_;
    std::vector<tcp::endpoint> endpoints_;
    http::request<http::string_body> message_;
    boost::beast::flat_buffer buffer_;
    http::response_parser<http::string_body> parser_;
    std::string problem_;
    bool has_answer_ = false;
    bool is_done_ = false;
};

}  // namespace

result<std::string> fetch(const http_request& request, const http_limits& limits,
                          const std::atomic<bool>& is_stopping) {
    std::optional<address_of_url> to = parse_url(request.url);
    if (!to) {
        return fail("revocation.answer", "it is no http address");
    }
    try {
        return exchange(request, std::move(*to), limits).run(is_stopping);
    } catch (const std::exception& failure) {  // memory, descriptors
        return fail("revocation.answer", failure.what());
    }
}

std::string server_of(const std::string& url) {
    const std::optional<address_of_url> to = parse_url(url);
    return to ? to->host + ':' + to->port : "";
}

bool is_public_address(const std::string& text) {
    error_code code;
    const asio::ip::address address = asio::ip::make_address(text, code);
    return !code && is_public(address);
}

}  // namespace hawser::engine
