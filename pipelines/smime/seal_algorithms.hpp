// By which algorithms a seal is made: what the encoder's properties and their Profile say (RFC 8551 section 2).
#pragma once

#include <openssl/evp.h>

#include <memory>
#include <string>
#include <vector>

#include "hawser/sdk/config.hpp"

namespace hawser::smime {

enum class key_transport : std::uint8_t { pkcs1 = 1, oaep };     // of the content key to an RSA key
enum class signature_padding : std::uint8_t { pkcs1 = 1, pss };  // of an RSA signature

struct seal_algorithms {
    std::string encryption = "AES128";  // the word of EncryptionAlgorithm
    key_transport transport = key_transport::pkcs1;
    signature_padding padding = signature_padding::pkcs1;
    bool demands_padding = false;  // it was asked for by name: a signer that cannot have it is refused
    std::string digest = "SHA256";

    const EVP_MD* message_digest() const;
    const char* micalg() const;  // of multipart/signed (RFC 8551 section 3.5.3.2)
    bool is_authenticated() const;
    bool is_legacy() const;  // DES, DES3, RC2: for AllowLegacyAlgorithms only
};

void describe_algorithms(config_spec& made);
void validate_algorithms(const config& values, problems& found);
seal_algorithms read_algorithms(const config& values);

// A content cipher and the library context that has it. DES and RC2 come from OpenSSL's legacy provider, in a context
// of its own, so that nothing else in the process finds them. Throws hawser::failure where there is no such provider.
class sealing_cipher {
public:
    explicit sealing_cipher(const std::string& algorithm);
    const EVP_CIPHER* get() const noexcept { return cipher_.get(); }
    OSSL_LIB_CTX* library() const noexcept { return library_; }

private:
    OSSL_LIB_CTX* library_ = nullptr;  // nullptr: OpenSSL's own
    std::shared_ptr<EVP_CIPHER> cipher_;
};

}  // namespace hawser::smime
