// The parsed certificates and keys of a seal, checked: who signs, for whom it is encrypted. Made once and shared by all
// messages with the same certificates; immutable. Every check that fails throws with the certificate, what is wrong
// with it and what to do, so that the message is suspended and nothing is sent.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "hawser/sdk/message.hpp"
#include "openssl_pointers.hpp"

namespace hawser::smime {

struct seal_wish {
    bool is_signed = false;
    bool is_encrypted = false;
    bool checks_revocation = true;
    std::string to_self;  // of the personal folder: thumbprint or file name; "" = for nobody but the recipients
};

struct seal_material {
    x509_pointer signer;  // null: not signed
    key_pointer signer_key;
    stack_pointer signer_chain;  // intermediates to send along
    stack_pointer recipients;    // null: not encrypted
};

// [worker] The host's certificates as they are now.
std::shared_ptr<const seal_material> load_seal_material(message& one, const seal_wish& wish);

}  // namespace hawser::smime
