// For tests: a small public key infrastructure in memory, and messages sealed with it by OpenSSL's own CMS, to be
// decoded.
#pragma once

#include <openssl/rsa.h>

#include <hawser/test_kit.hpp>
#include <string>
#include <vector>

#include "openssl_pointers.hpp"

namespace hawser::smime::samples {

struct identity {
    x509_pointer certificate;
    key_pointer key;
    std::string name;
    std::string der() const;
    std::string key_der() const;
};

enum class key_kind : std::uint8_t { rsa_2048 = 1, rsa_1024, rsa_512, p192, p256, p384, p521 };

class authority {
public:
    explicit authority(key_kind kind = key_kind::p256, const authority* above = nullptr);
    // `address` may be a section of subjectAltName ("DNS=a.example\nemail=b@c.example") instead.
    identity issue(const std::string& name, const std::string& address, key_kind kind,
                   const EVP_MD* digest = EVP_sha256()) const;
    // Another certificate of the same key, name and serial number.
    identity reissue(const identity& known, const std::string& address) const;
    // A CRL, of nobody where null.
    std::string revoke(const identity* revoked, const EVP_MD* digest = EVP_sha256()) const;
    const identity& root() const { return root_; }

private:
    void finish_certificate(X509* certificate, const std::string& address, const EVP_MD* digest) const;

    identity root_;
};

enum class padding : std::uint8_t { pkcs1 = 1, pss, oaep };

struct sign_options {
    const EVP_MD* digest = EVP_sha256();
    padding scheme = padding::pkcs1;
    unsigned flags = 0;            // CMS_NOATTR, CMS_NOCERTS, CMS_CADES
    const EVP_MD* mask = nullptr;  // of PSS; null: the digest
    int salt_size = RSA_PSS_SALTLEN_DIGEST;
};

// DER of the structures; content as it is.
std::string sign(const std::vector<const identity*>& signers, const std::string& content, bool is_detached,
                 const sign_options& options = {});
std::string encrypt(const std::vector<const identity*>& recipients, const std::string& content,
                    const EVP_CIPHER* cipher, padding scheme = padding::pkcs1, OSSL_LIB_CTX* library = nullptr);

// MIME entities.
std::string entity_of(const std::string& der, const std::string& smime_type);
std::string clear_signed(const identity& signer, const std::string& content, const sign_options& options = {},
                         const std::string& micalg = "sha-256");
std::string base64(const std::string& bytes);

// A host that has all of it: the recipient's keys, the trusted root with a current CRL of nobody.
void furnish(test_kit::host& host, const authority& trusted, const std::vector<const identity*>& personal);

}  // namespace hawser::smime::samples
