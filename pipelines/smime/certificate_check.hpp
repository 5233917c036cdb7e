// Whether a certificate may be used for a purpose now: dates, key usage, chain to an anchor, revocation (RFC 5280).
#pragma once

#include <string>

#include "openssl_pointers.hpp"

namespace hawser::smime {

enum class certificate_purpose : std::uint8_t { signing = 1, encryption };

// Anchors, intermediates and CRLs to check with.
struct check_context {
    store_pointer store;
    stack_pointer intermediates;
    bool checks_revocation = true;
};

// Throws hawser::failure; `name` is what the certificate is called in the error ("signer.pem"). Gives its chain without
// anchor.
stack_pointer check_certificate(X509* certificate, certificate_purpose purpose, const check_context& context,
                                const std::string& name);

}  // namespace hawser::smime
