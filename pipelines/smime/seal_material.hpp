// The parsed certificates and keys of a seal, checked: who signs, for whom it is encrypted. Made once and shared by all
// messages with the same certificates, the signer by all components; immutable. Every check that fails throws with the
// certificate, what is wrong with it and what to do, so that the message is suspended and nothing is sent.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include "certificate_check.hpp"
#include "hawser/sdk/message.hpp"
#include "openssl_pointers.hpp"

namespace hawser::smime {

struct seal_wish {
    bool is_signed = false;
    bool is_encrypted = false;
    bool checks_revocation = true;
    bool allows_legacy_algorithms = false;
    std::string to_self;  // of the personal folder: thumbprint or file name; "" = for nobody but the recipients
};

struct signing_identity {
    x509_pointer certificate;
    key_pointer key;
};

struct seal_material {
    std::shared_ptr<const signing_identity> signer;  // null: not signed
    std::shared_ptr<const checked_chain> signer_chain;
    stack_pointer recipients;                                                  // null: not encrypted
    std::int64_t valid_until_unix = std::numeric_limits<std::int64_t>::max();  // then the checks are to be made again
};

// [worker] The host's certificates as they are now, checked with `trust`, which was loaded at `revision` or later.
std::shared_ptr<const seal_material> load_seal_material(message& one, const seal_wish& wish,
                                                        const trust_material& trust, std::uint64_t revision);

}  // namespace hawser::smime
