// The certificates and private keys of a PKCS#11 token, as they are listed. What a token says is checked like a file:
// sizes and counts are limited. Functions throw pkcs11_failure.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "certificates/pkcs11_module.hpp"

namespace hawser::engine {

inline constexpr std::size_t token_objects_max = 1000;

class pkcs11_failure : public std::runtime_error {
public:
    pkcs11_failure(const std::string& doing, CK_RV code)
        : std::runtime_error(doing + " failed: " + pkcs11_reason(code)), code_(code) {}
    CK_RV code() const noexcept { return code_; }

private:
    CK_RV code_;
};

inline void check_pkcs11(CK_RV code, const char* doing) {
    if (code != CKR_OK) {
        throw pkcs11_failure(doing, code);
    }
}

struct token_certificate {
    std::string der, id, label;
    bool operator==(const token_certificate&) const = default;
};

struct token_private_key {
    std::string id, label;
    CK_KEY_TYPE type = CKK_RSA;
    std::string public_key;          // RSA: the modulus; EC: the point; "" = the token does not tell
    bool asks_for_each_use = false;  // the PIN (CKA_ALWAYS_AUTHENTICATE)
    bool operator==(const token_private_key&) const = default;
};

struct token_objects {
    std::vector<token_certificate> certificates;  // X.509
    std::vector<token_private_key> keys;          // RSA and elliptic curves
    bool operator==(const token_objects&) const = default;
};

token_objects read_token_objects(CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session);

// The private key's handle; 0 = it is not there any more.
CK_OBJECT_HANDLE find_private_key(CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session, const token_private_key& key);

// "" = the object does not have it.
std::string read_attribute(CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                           CK_ATTRIBUTE_TYPE type);

}  // namespace hawser::engine
