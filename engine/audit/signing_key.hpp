// The keys by which an archive is signed and its signatures are checked: PEM files, Ed25519, Ed448, ECDSA or RSA. A
// private key lives in OpenSSL's memory and is cleansed there. Immutable; used from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace hawser::engine::audit {

class signing_key {
public:
    // audit.key: it cannot be read, is encrypted, or is of a kind that does not sign. Also what others may read it.
    static result<std::shared_ptr<const signing_key>> read(const std::string& path);
    ~signing_key();
    signing_key(const signing_key&) = delete;
    signing_key& operator=(const signing_key&) = delete;

    std::string sign(std::string_view text) const;  // the signature's bytes; throws std::runtime_error
    const std::string& algorithm() const noexcept { return algorithm_; }      // "ed25519", "ecdsa-sha256", "rsa-sha256"
    const std::string& fingerprint() const noexcept { return fingerprint_; }  // SHA-256 of the public key's DER form
    bool is_readable_by_others() const noexcept { return is_readable_by_others_; }
    bool has_signed(std::string_view text, std::string_view signature) const;

private:
    signing_key() = default;
    void* key_ = nullptr;  // EVP_PKEY
    std::string algorithm_;
    std::string fingerprint_;
    bool is_readable_by_others_ = false;
};

class verifying_key {
public:
    static result<std::shared_ptr<const verifying_key>> read(const std::string& path);  // a public key or certificate
    ~verifying_key();
    verifying_key(const verifying_key&) = delete;
    verifying_key& operator=(const verifying_key&) = delete;

    const std::string& fingerprint() const noexcept { return fingerprint_; }
    bool has_signed(std::string_view text, std::string_view signature) const;

private:
    verifying_key() = default;
    void* key_ = nullptr;
    std::string fingerprint_;
};

}  // namespace hawser::engine::audit
