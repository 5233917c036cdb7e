// What can be done with a private key that stays in a PKCS#11 token, and where such tokens are. Values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/secret_text.hpp"

namespace hawser::engine {

// As in the bindings.
struct token_source {
    std::string module;  // absolute path of the PKCS#11 library
    std::string uri;     // which of its tokens: "pkcs11:token=bus"
    secret_text pin;     // "" = none

    bool operator==(const token_source&) const = default;
};

// The numbers are those of HAWSER_DRAFT_KEY_*.
enum class key_operation : std::uint32_t {
    sign_pkcs1 = 1,  // RSA: pads a DigestInfo, and signs
    sign_raw,        // RSA: what is padded already, as long as the modulus
    decrypt_pkcs1,   // RSA: and takes the padding off
    decrypt_raw,     // RSA: the padding stays
    sign_ecdsa,      // a hash; gives r and s
    derive_ecdh      // with the other's point, uncompressed; gives the x coordinate
};

struct key_use {
    key_operation operation;
    std::string_view input;
};

// Codes of what a token cannot do.
inline constexpr const char* token_is_out = "token.out";                   // try later
inline constexpr const char* token_does_not = "token.unsupported";         // nor will it later
inline constexpr const char* token_refuses_input = "token.input";          // it does not fit the key
inline constexpr const char* token_has_no_such_key = "token.missing-key";  // the host does not have it

}  // namespace hawser::engine
