#include "smtp_channel_binding.hpp"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>

namespace hawser::smtp {
namespace {

constexpr std::size_t exporter_size = 32;

channel_binding exporter_binding(SSL* connection) {
    constexpr std::string_view label = "EXPORTER-Channel-Binding";
    if (SSL_version(connection) < TLS1_3_VERSION && SSL_get_extms_support(connection) != 1) {
        return {};
    }
    std::string data(exporter_size, '\0');
    if (SSL_export_keying_material(connection, reinterpret_cast<unsigned char*>(data.data()), data.size(), label.data(),
                                   label.size(), nullptr, 0, 1) != 1) {
        return {};
    }
    return {"tls-exporter", std::move(data)};
}

channel_binding end_point_binding(const SSL* connection) {
    const X509* certificate = SSL_get0_peer_certificate(connection);
    int hash = NID_undef;
    if (certificate == nullptr ||
        X509_get_signature_info(const_cast<X509*>(certificate), &hash, nullptr, nullptr, nullptr) != 1 ||
        hash == NID_undef) {
        return {};
    }
    const bool is_weak = hash == NID_md5 || hash == NID_sha1;
    const EVP_MD* digest = is_weak ? EVP_sha256() : EVP_get_digestbynid(hash);
    std::array<unsigned char, EVP_MAX_MD_SIZE> value{};
    unsigned size = 0;
    if (digest == nullptr || X509_digest(certificate, digest, value.data(), &size) != 1) {
        return {};
    }
    return {"tls-server-end-point", std::string(reinterpret_cast<const char*>(value.data()), size)};
}

}  // namespace

channel_binding channel_binding_of(SSL* connection, std::string_view wanted) {
    const bool takes_exporter =
        wanted == "tls-exporter" || (wanted == "auto" && SSL_version(connection) >= TLS1_3_VERSION);
    return takes_exporter ? exporter_binding(connection) : end_point_binding(connection);
}

}  // namespace hawser::smtp
