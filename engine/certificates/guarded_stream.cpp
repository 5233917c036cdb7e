#include "certificates/guarded_stream.hpp"

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/ssl/context.hpp>

#include "base/openssl_pointers.hpp"
#include "certificates/public_address.hpp"

namespace hawser::engine {
namespace {

namespace asio = boost::asio;
constexpr std::chrono::milliseconds look_interval{100};

}  // namespace

// What `start` starts may end when this stream has long given it up: it owns what it writes to.
guarded_stream::error_code guarded_stream::wait(const std::function<void(ending)>& start) {
    if (over_) {
        return over_;
    }
    const auto outcome = std::make_shared<std::optional<error_code>>();
    start([outcome](const error_code& code) { *outcome = code; });
    while (!*outcome) {
        io_.restart();
        io_.run_for(look_interval);
        const bool is_late = std::chrono::steady_clock::now() >= end_;
        if (!*outcome && (is_stopping_ || is_late)) {
            over_ = is_stopping_ ? asio::error::operation_aborted : asio::error::timed_out;
            error_code ignored;
            socket_.close(ignored);
            return over_;
        }
    }
    return **outcome;
}

std::string guarded_stream::text_of(const error_code& code) const {
    return over_ == asio::error::timed_out ? "it did not answer in time" : over_ ? "the host stops" : code.message();
}

// To what was looked up and no other: a name that is looked up again may lead elsewhere.
result<void> guarded_stream::open(const fetch_url& to) {
    const auto found = std::make_shared<tcp::resolver::results_type>();
    error_code code = wait([&](ending end) {
        resolver_.async_resolve(to.host, to.port, tcp::resolver::numeric_service,
                                [found, end](const error_code& failed, const tcp::resolver::results_type& results) {
                                    *found = results;
                                    end(failed);
                                });
    });
    if (code) {
        return fail(server_away, "its name cannot be looked up: " + text_of(code));
    }
    std::vector<tcp::endpoint> endpoints;
    for (const auto& one : *found) {
        if (limits_.allows_private_addresses || is_public(one.endpoint().address())) {
            endpoints.push_back(one.endpoint());
        }
    }
    if (endpoints.empty()) {
        return fail(server_away,
                    "its address is a private one: set host.certificates.revocationPrivateAddresses to allow that");
    }
    code = wait([&](ending end) {
        asio::async_connect(socket_, endpoints, [end](const error_code& failed, const tcp::endpoint&) { end(failed); });
    });
    if (code) {
        return fail(server_away, "it cannot be connected to: " + text_of(code));
    }
    return to.has_tls() ? start_tls(to.host) : result<void>();
}

void guarded_stream::trust_anchors(asio::ssl::context& context) const {
    error_code ignored;  // a system without anchors
    context.set_default_verify_paths(ignored);
    X509_STORE* store = SSL_CTX_get_cert_store(context.native_handle());
    X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);  // whatever is in the trusted folder is an anchor
    if (limits_.tls_anchors) {
        for (const std::string& der : *limits_.tls_anchors) {
            if (const x509_pointer anchor = x509_of(der)) {
                X509_STORE_add_cert(store, anchor.get());
            }
        }
    }
    ERR_clear_error();
}

result<void> guarded_stream::start_tls(const std::string& host) {
    context_.emplace(asio::ssl::context::tls_client);
    SSL_CTX_set_min_proto_version(context_->native_handle(), TLS1_2_VERSION);
    trust_anchors(*context_);
    context_->set_verify_mode(asio::ssl::verify_peer);
    tls_.emplace(socket_, *context_);
    SSL* handle = tls_->native_handle();
    X509_VERIFY_PARAM* rules = SSL_get0_param(handle);
    error_code no_literal;
    asio::ip::make_address(host, no_literal);
    const int is_named = no_literal ? X509_VERIFY_PARAM_set1_host(rules, host.c_str(), 0)
                                    : X509_VERIFY_PARAM_set1_ip_asc(rules, host.c_str());
    // SSL_set_tlsext_host_name, which is a macro with a cast
    const long is_told = no_literal ? SSL_ctrl(handle, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                                               const_cast<char*>(host.c_str()))
                                    : 1;
    if (is_named != 1 || is_told != 1) {
        return fail(server_away, "its name is none for TLS");
    }
    const error_code code =
        wait([&](ending end) { tls_->async_handshake(asio::ssl::stream_base::client, std::move(end)); });
    if (code) {
        const long verdict = SSL_get_verify_result(handle);
        return fail(server_away, "TLS with it fails: " + text_of(code) +
                                     (verdict == X509_V_OK
                                          ? ""
                                          : std::string(" (") + X509_verify_cert_error_string(verdict) +
                                                "); its authority has to be the system's or in the trusted folder"));
    }
    return {};
}

std::size_t guarded_stream::transfer(const std::function<void(transfer_ending)>& start, error_code& code) {
    const auto moved = std::make_shared<std::size_t>(0);
    code = wait([&](const ending& end) {
        start([moved, end](const error_code& failed, std::size_t count) {
            *moved = count;
            end(failed);
        });
    });
    return *moved;
}

std::size_t guarded_stream::read(void* buffer, std::size_t capacity, error_code& code) {
    const auto start = [&](const transfer_ending& end) {
        tls_ ? tls_->async_read_some(asio::buffer(buffer, capacity), end)
             : socket_.async_read_some(asio::buffer(buffer, capacity), end);
    };
    return transfer(start, code);
}

std::size_t guarded_stream::write(const void* bytes, std::size_t size, error_code& code) {
    const auto start = [&](const transfer_ending& end) {
        tls_ ? tls_->async_write_some(asio::buffer(bytes, size), end)
             : socket_.async_write_some(asio::buffer(bytes, size), end);
    };
    return transfer(start, code);
}

}  // namespace hawser::engine
