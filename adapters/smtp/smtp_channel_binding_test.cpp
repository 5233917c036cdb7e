#include "smtp_channel_binding.hpp"

#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>

using namespace hawser::smtp;

namespace {

template <auto Free>
struct freed {
    template <typename Type>
    void operator()(Type* one) const {
        Free(one);
    }
};
template <typename Type, auto Free>
using owned = std::unique_ptr<Type, freed<Free>>;

using key_pointer = owned<EVP_PKEY, EVP_PKEY_free>;
using certificate_pointer = owned<X509, X509_free>;

certificate_pointer self_signed(EVP_PKEY* key, const EVP_MD* digest) {
    certificate_pointer made(X509_new());
    X509_set_version(made.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), 0);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
    X509_set_pubkey(made.get(), key);
    REQUIRE(X509_sign(made.get(), key, digest) > 0);
    return made;
}

// Two ends of one TLS connection in memory.
struct tls_pair {
    tls_pair(EVP_PKEY* key, X509* certificate, int version)
        : client_context(SSL_CTX_new(TLS_client_method())), server_context(SSL_CTX_new(TLS_server_method())) {
        SSL_CTX_set_security_level(server_context.get(), 0);
        SSL_CTX_set_security_level(client_context.get(), 0);
        SSL_CTX_use_certificate(server_context.get(), certificate);
        SSL_CTX_use_PrivateKey(server_context.get(), key);
        client.reset(SSL_new(client_context.get()));
        server.reset(SSL_new(server_context.get()));
        BIO* client_side = nullptr;
        BIO* server_side = nullptr;
        REQUIRE(BIO_new_bio_pair(&client_side, 0, &server_side, 0) == 1);
        SSL_set_bio(client.get(), client_side, client_side);
        SSL_set_bio(server.get(), server_side, server_side);
        SSL_set_max_proto_version(client.get(), version);
        SSL_set_connect_state(client.get());
        SSL_set_accept_state(server.get());
        for (int turn = 0; turn < 10; ++turn) {
            SSL_do_handshake(client.get());
            SSL_do_handshake(server.get());
        }
        REQUIRE(SSL_is_init_finished(client.get()) == 1);
        REQUIRE(SSL_is_init_finished(server.get()) == 1);
    }
    owned<SSL_CTX, SSL_CTX_free> client_context, server_context;
    owned<SSL, SSL_free> client, server;
};

std::string digest_of(const X509* certificate, const EVP_MD* digest) {
    std::string value(EVP_MAX_MD_SIZE, '\0');
    unsigned size = 0;
    X509_digest(certificate, digest, reinterpret_cast<unsigned char*>(value.data()), &size);
    value.resize(size);
    return value;
}

}  // namespace

TEST_CASE("tls-exporter gives what the server exports under the label of RFC 9266") {
    const key_pointer key(EVP_EC_gen("P-256"));
    const certificate_pointer certificate = self_signed(key.get(), EVP_sha256());
    const tls_pair ends(key.get(), certificate.get(), TLS1_3_VERSION);
    const std::string label = "EXPORTER-Channel-Binding";
    std::string expected(32, '\0');
    REQUIRE(SSL_export_keying_material(ends.server.get(), reinterpret_cast<unsigned char*>(expected.data()), 32,
                                       label.data(), label.size(), nullptr, 0, 1) == 1);
    const channel_binding found = channel_binding_of(ends.client.get(), "auto");
    CHECK(found.type == "tls-exporter");
    CHECK(found.data == expected);
    const tls_pair others(key.get(), certificate.get(), TLS1_3_VERSION);
    CHECK(channel_binding_of(others.client.get(), "auto").data != expected);
}

TEST_CASE(
    "tls-server-end-point is the certificate's digest by its signature's hash, SHA-256 for weak ones (RFC 5929)") {
    const key_pointer key(EVP_EC_gen("P-256"));
    struct example {
        const EVP_MD* signature;
        const EVP_MD* expected;
    };
    for (const example& one : {example{EVP_sha256(), EVP_sha256()}, example{EVP_sha384(), EVP_sha384()},
                               example{EVP_sha1(), EVP_sha256()}}) {
        const certificate_pointer certificate = self_signed(key.get(), one.signature);
        const tls_pair ends(key.get(), certificate.get(), TLS1_2_VERSION);
        const channel_binding found = channel_binding_of(ends.client.get(), "auto");
        CHECK(found.type == "tls-server-end-point");
        CHECK(found.data == digest_of(certificate.get(), one.expected));
        CHECK(channel_binding_of(ends.client.get(), "tls-server-end-point").data == found.data);
        CHECK(channel_binding_of(ends.client.get(), "tls-exporter").type == "tls-exporter");  // extended master secret
    }
}

TEST_CASE("a certificate whose signature names no hash gives no end point binding") {
    const key_pointer key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    const certificate_pointer certificate = self_signed(key.get(), nullptr);
    const tls_pair ends(key.get(), certificate.get(), TLS1_3_VERSION);
    CHECK(channel_binding_of(ends.client.get(), "tls-server-end-point").type.empty());
    CHECK(channel_binding_of(ends.client.get(), "auto").type == "tls-exporter");
}
