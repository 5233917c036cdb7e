#include "tls_context.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>

#include "hawser/sdk/error.hpp"
#include "tls_name.hpp"

namespace hawser::smtp {
namespace {

constexpr std::size_t sessions_per_peer_max =
    4;  // servers give two tickets a connection, each good for one (RFC 8446 C.4)
constexpr std::size_t peer_count_max = 64;

int peer_index() {
    static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return index;
}

// An issuer that publishes no list here cannot have revoked anything here; an outdated or forged list does fail.
int accept_missing_lists(int is_good, X509_STORE_CTX* verification) {
    if (is_good == 0 && X509_STORE_CTX_get_error(verification) == X509_V_ERR_UNABLE_TO_GET_CRL) {
        X509_STORE_CTX_set_error(verification, X509_V_OK);
        return 1;
    }
    return is_good;
}

struct certificate_list_free {
    void operator()(STACK_OF(X509_INFO) * list) const { sk_X509_INFO_pop_free(list, X509_INFO_free); }
};

}  // namespace

tls_context::tls_context(tls_policy policy) : policy_(std::move(policy)) {
    SSL_CTX* handle = native_.native_handle();
    SSL_CTX_set_min_proto_version(handle, policy_.needs_tls_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
    SSL_CTX_set_mode(handle, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_verify(handle, SSL_VERIFY_PEER, accept_missing_lists);
    SSL_CTX_set_session_cache_mode(handle, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(handle, on_new_session);
    // Without this OpenSSL would ask for a key's pass phrase on the terminal.
    native_.set_password_callback(
        [](std::size_t, boost::asio::ssl::context::password_purpose) { return std::string(); });
    if (!policy_.trusted.empty()) {
        read_trusted();
    }
    if (!policy_.client_certificate.is_empty()) {
        read_client_certificate();
    }
}

void tls_context::read_trusted() {
    X509_STORE* store = SSL_CTX_get_cert_store(native_.native_handle());
    const std::unique_ptr<BIO, decltype(&BIO_free)> text(
        BIO_new_mem_buf(policy_.trusted.data(), static_cast<int>(policy_.trusted.size())), BIO_free);
    const std::unique_ptr<STACK_OF(X509_INFO), certificate_list_free> found(PEM_X509_INFO_read_bio(
        text.get(), nullptr, [](char*, int, int, void*) { return 0; }, nullptr));
    ERR_clear_error();
    int anchor_count = 0;
    for (int i = 0; found && i < sk_X509_INFO_num(found.get()); ++i) {
        const X509_INFO* one = sk_X509_INFO_value(found.get(), i);
        if (one->x509 != nullptr) {
            anchor_count += X509_STORE_add_cert(store, one->x509);
        }
        if (one->crl != nullptr) {
            X509_STORE_add_crl(store, one->crl);
            X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
        }
    }
    if (anchor_count == 0) {
        throw failure("the file that TLSTrustedCertificates names has no certificate in PEM form");
    }
    X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);  // an intermediate one may be the anchor
}

void tls_context::read_client_certificate() {
    const std::string_view pem = policy_.client_certificate.view();
    const auto bytes = boost::asio::buffer(pem.data(), pem.size());
    boost::system::error_code failed;
    native_.use_certificate_chain(bytes, failed);
    if (!failed) {
        native_.use_private_key(bytes, boost::asio::ssl::context::pem, failed);
    }
    ERR_clear_error();
    if (failed || SSL_CTX_check_private_key(native_.native_handle()) != 1) {
        throw failure(
            "TLSClientCertificate must have a certificate and its private key, not encrypted, in PEM form" +
            (failed ? " (" + failed.message() + ')' : std::string(": the key belongs to another certificate")));
    }
}

void tls_context::add_anchor(std::string_view der) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
    if (X509* certificate = d2i_X509(nullptr, &bytes, static_cast<long>(der.size())); certificate != nullptr) {
        X509_STORE_add_cert(SSL_CTX_get_cert_store(native_.native_handle()), certificate);
        X509_free(certificate);
    }
}

void tls_context::add_revocation_list(std::string_view der) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
    if (X509_CRL* list = d2i_X509_CRL(nullptr, &bytes, static_cast<long>(der.size())); list != nullptr) {
        X509_STORE* store = SSL_CTX_get_cert_store(native_.native_handle());
        X509_STORE_add_crl(store, list);
        X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
        X509_CRL_free(list);
    }
}

void tls_context::use_system_anchors() { native_.set_default_verify_paths(); }

void tls_context::prepare(SSL* connection, tls_peer& peer, const std::string& host) {
    peer.context = this;
    SSL_set_ex_data(connection, peer_index(), &peer);
    verify_name(connection, host);
    const auto found = sessions_.find(peer.name);
    while (found != sessions_.end() && !found->second.empty()) {
        const session_pointer session = std::move(found->second.back());
        found->second.pop_back();
        if (SSL_SESSION_is_resumable(session.get()) == 1) {  // a later ticket may have replaced it
            SSL_set_session(connection, session.get());
            break;
        }
    }
}

std::string tls_context::check(SSL* connection, tls_peer& peer) {
    if (SSL_session_reused(connection) != 1) {
        if (std::string wrong = check_pins(connection); !wrong.empty()) {
            return wrong;
        }
    }
    peer.is_trusted = true;
    session_pointer session(SSL_get1_session(connection));  // TLS 1.2 has it by now; TLS 1.3 gives it later
    if (session && SSL_SESSION_is_resumable(session.get()) == 1) {
        keep(peer.name, std::move(session));
    }
    return {};
}

std::string tls_context::check_pins(SSL* connection) const {
    if (policy_.pinned_keys.empty()) {
        return {};
    }
    const STACK_OF(X509)* chain = SSL_get0_verified_chain(connection);
    for (int i = 0; chain != nullptr && i < sk_X509_num(chain); ++i) {
        const std::string pin = key_pin_of(sk_X509_value(chain, i));
        if (std::find(policy_.pinned_keys.begin(), policy_.pinned_keys.end(), pin) != policy_.pinned_keys.end()) {
            return {};
        }
    }
    const X509* own = SSL_get0_peer_certificate(connection);
    return "no key of its certificate chain is among TLSPinnedKeys; its own is " +
           (own == nullptr ? std::string("missing") : shown_pin(key_pin_of(own)));
}

void tls_context::keep(const std::string& peer, session_pointer session) {
    if (sessions_.size() >= peer_count_max && sessions_.find(peer) == sessions_.end()) {
        sessions_.erase(sessions_.begin());
    }
    std::vector<session_pointer>& kept = sessions_[peer];
    if (kept.size() >= sessions_per_peer_max) {
        kept.erase(kept.begin());
    }
    kept.push_back(std::move(session));
}

int tls_context::on_new_session(SSL* connection, SSL_SESSION* session) {
    auto* peer = static_cast<tls_peer*>(SSL_get_ex_data(connection, peer_index()));
    if (peer == nullptr || !peer->is_trusted) {
        return 0;
    }
    try {
        peer->context->keep(peer->name, session_pointer(session));
    } catch (...) {  // no memory for it: session_pointer has released it
    }
    return 1;
}

}  // namespace hawser::smtp
