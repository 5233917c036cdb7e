// The OpenSSL context for one TLS policy, and the sessions that its connections may resume. Made on a worker, then used
// on the I/O thread only. The constructor throws hawser::failure, naming the property that is wrong.
#pragma once

#include <openssl/ssl.h>

#include <boost/asio/ssl/context.hpp>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tls_policy.hpp"

namespace hawser::smtp {

class tls_context;

// One connection's part: lives as long as its SSL object does.
struct tls_peer {
    tls_context* context = nullptr;
    std::string name;         // "host:port": sessions are resumed with the same server only
    bool is_trusted = false;  // verified, pins and all: from then on its sessions are kept
};

class tls_context {
public:
    explicit tls_context(tls_policy policy);
    tls_context(const tls_context&) = delete;
    tls_context& operator=(const tls_context&) = delete;

    void add_anchor(std::string_view der);           // what OpenSSL cannot read is left out
    void add_revocation_list(std::string_view der);  // from then on certificates of its issuer are looked up in it
    void use_system_anchors();

    boost::asio::ssl::context& native() noexcept { return native_; }
    // Before the handshake: the name to verify, and a session to resume where there is one.
    void prepare(SSL* connection, tls_peer& peer, const std::string& host);
    // After it: "" and the peer is trusted, or what is wrong. A resumed session was trusted when it was made, under the
    // same policy.
    std::string check(SSL* connection, tls_peer& peer);

private:
    struct session_free {
        void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
    };
    using session_pointer = std::unique_ptr<SSL_SESSION, session_free>;

    void read_trusted();
    void read_client_certificate();
    void keep(const std::string& peer, session_pointer session);
    std::string check_pins(SSL* connection) const;
    static int on_new_session(SSL* connection, SSL_SESSION* session);

    tls_policy policy_;
    boost::asio::ssl::context native_{boost::asio::ssl::context::tls_client};
    std::map<std::string, std::vector<session_pointer>> sessions_;
};

}  // namespace hawser::smtp
