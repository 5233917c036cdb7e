// Whether a certificate may be used for a purpose now: dates, key usage, chain to an anchor, policies, revocation
// (RFC 5280). Any thread.
#pragma once

#include <cstdint>
#include <ctime>
#include <memory>
#include <string>

#include "openssl_pointers.hpp"
#include "trust_material.hpp"

namespace hawser::smime {

enum class certificate_purpose : std::uint8_t { signing = 1, encryption };

struct certificate_question {
    certificate_purpose purpose;
    bool checks_revocation = true;
    bool allows_legacy_algorithms = false;  // SHA-1 below the anchor, and keys from 80 bits of strength instead of 112
    std::int64_t now_unix = std::time(nullptr);
    const STACK_OF(X509) * sent_along = nullptr;  // further intermediates, of no trust by themselves
    const stapled_answers* stapled = nullptr;     // what the message brought along about revocation
    const host* owner = nullptr;       // where it is about to have a missing CRL or OCSP answer, it is try_later
    std::uint64_t owner_revision = 0;  // of its certificates, before the trust material was loaded
};

// Throws hawser::failure; `name` is what the certificate is called in the error ("signer.pem"). A chain that was found
// good is not looked at again until that may have changed.
std::shared_ptr<const checked_chain> check_certificate(X509* certificate, const certificate_question& question,
                                                       const trust_material& trust, const std::string& name);

}  // namespace hawser::smime
