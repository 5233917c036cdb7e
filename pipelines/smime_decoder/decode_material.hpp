// The host's keys, partners' certificates and trust anchors, parsed once for as long as they stay the same.
// Immutable; any thread. Made in execute; a certificate that cannot be read throws, with its name.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hawser/sdk/message.hpp"
#include "openssl_pointers.hpp"
#include "trust_material.hpp"

namespace hawser::smime {

struct decryption_identity {
    x509_pointer certificate;
    key_pointer key;   // or what asks the host, where it is in a token
    std::string name;  // the file, or the URI
};

struct decode_material {
    std::vector<decryption_identity> personal;  // those that have a key
    stack_pointer other_people;
    std::shared_ptr<const trust_material> trust;
    std::optional<host> owner;   // none: a test that has no host
    std::uint64_t revision = 0;  // of its certificates, or an earlier one
};

std::shared_ptr<const decode_material> load_decode_material(const host& owner);  // [worker]

}  // namespace hawser::smime
