#include "smtp_tls.hpp"

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <boost/asio/ssl/context.hpp>

namespace hawser::smtp {
namespace {

void add_anchor(X509_STORE* store, const hawser_certificate& one) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(one.der.data);
    X509* certificate = d2i_X509(nullptr, &bytes, static_cast<long>(one.der.size));
    if (certificate != nullptr) {
        X509_STORE_add_cert(store, certificate);
        X509_free(certificate);
    }
}

}  // namespace

tls_contexts smtp_tls::contexts_for(const smtp_endpoint& endpoint) {
    tls_contexts made;
    if (endpoint.tls != tls_mode::none) {
        made.server = context();
    }
    if (endpoint.uses_token) {
        made.token_endpoint = context();
    }
    return made;
}

std::shared_ptr<boost::asio::ssl::context> smtp_tls::context() {
    const std::lock_guard lock(mutex_);
    const std::uint64_t revision = host_.certificate_revision();
    if (context_ && revision == revision_) {
        return context_;
    }
    auto made = std::make_shared<boost::asio::ssl::context>(boost::asio::ssl::context::tls_client);
    SSL_CTX* handle = made->native_handle();
    SSL_CTX_set_min_proto_version(handle, TLS1_2_VERSION);
    SSL_CTX_set_mode(handle, SSL_MODE_RELEASE_BUFFERS);
    X509_STORE* store = SSL_CTX_get_cert_store(handle);
    const bool has_own = host_.each_certificate(nullptr, certificate_set::trusted,
                                                [store](const hawser_certificate& one) { add_anchor(store, one); });
    if (!has_own) {
        made->set_default_verify_paths();
    }
    context_ = std::move(made);
    revision_ = revision;
    return context_;
}

}  // namespace hawser::smtp
