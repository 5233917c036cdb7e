// Which ports use which certificates, and which of those end soon. Pure. What a message itself chooses
// (BTS.EncryptionCert) is not known here.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "bindings/bindings.hpp"
#include "certificates/certificate_store.hpp"
#include "runtime/host_generation.hpp"

namespace hawser::engine {

using port_seals = std::map<std::string, std::uint32_t>;  // HAWSER_SEAL_* that a port's pipeline is configured to make

port_seals seals_of(const host_generation& generation);

struct certificate_use {
    const certificate_entry* certificate = nullptr;  // of the snapshot
    std::string port;
    bool signs = false;   // else it is encrypted for
    bool is_own = false;  // the host's
};

std::vector<certificate_use> certificate_uses(const host_bindings& bindings, const port_seals& seals,
                                              const certificate_snapshot& all, std::int64_t now_unix);

// What a port names of the personal certificates, to be encrypted for too: by its components' properties.
struct own_recipient {
    std::string property;
    const typed_value* value = nullptr;  // of the port's
};

std::vector<own_recipient> own_recipients_of(const send_port_binding& port);

struct expiry_warning {
    std::string sha256;
    std::string text;
};

// One for each certificate in use that has ended, or ends within host.certificates.warnBefore.
std::vector<expiry_warning> expiry_warnings(const host_bindings& bindings, const port_seals& seals,
                                            const certificate_snapshot& all, std::int64_t now_unix);

}  // namespace hawser::engine
