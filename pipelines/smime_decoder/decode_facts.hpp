// What is found out about a message while it is decoded, and what the bindings allow. Filled by one decoding, which
// then writes the facts into the message's context.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sender_match.hpp"

namespace hawser::smime {

struct decode_policy {
    bool allows_non_mime = false;
    bool allows_unauthenticated_encryption = false;
    bool allows_legacy_algorithms = false;
    bool checks_revocation = true;
    bool requires_signature = false;
    bool requires_encryption = false;
    bool requires_verified_sender = false;
    std::string body_part_content_type;  // "" = any
    std::int64_t body_part_index = 0;    // from 1; 0 = off
};

enum class layer : std::uint8_t { signed_opaque = 1, signed_clear, encrypted_cbc, encrypted_gcm };

struct signer_facts {
    std::string subject, issuer, serial, thumbprint, signing_time, digest_algorithm, signature_algorithm;
    certificate_addresses addresses;
};

struct decode_facts {
    std::vector<layer> layers;                                                         // from the outside
    std::string encryption_algorithm, key_encryption_algorithm, recipient_thumbprint;  // of the innermost encryption
    std::vector<signer_facts> signers;        // of the innermost signature inside all encryption
    std::vector<signer_facts> outer_signers;  // of the innermost one around an encryption: need not know what is inside
    std::map<std::string, std::string> header;        // "Subject" -> text: of the message, or as protected (RFC 9788)
    std::map<std::string, std::string> outer_header;  // of a protected one: what stood outside and is not the same
    std::string mismatched_from;  // the protected From that is not in `header` because nobody vouches for it
    std::string from_address;     // the one in From, "" where it does not have exactly one
    std::string sender_address;   // the same of the field Sender
    std::vector<std::string> protected_fields;  // names of those that the seal covers
    std::vector<std::string> signed_fields;     // of these, those under a valid signature
    std::vector<std::string> encrypted_fields;  // of these, those that were not to be seen outside
    bool is_header_protected = false;
    bool is_from_mismatched = false;  // From inside is another address than outside, and no signature speaks for it
    std::string content_type, charset, file_name;     // of the body part
    std::size_t part_count = 0, body_part_index = 0;  // the index counts from 1

    // Notes an encryption: whoever signed it may have taken it from somebody else (RFC 8551 section 3.7).
    void add_encryption(layer one);
    bool is_signed() const;  // inside all encryption
    bool has_outer_signature() const;
    bool is_encrypted() const;
    // Whether every encryption without integrity of its own has a signature or an authenticated encryption inside it.
    bool is_authenticated() const;
    bool is_sender_verified() const;        // From is an address of a signer's certificate
    bool is_sender_field_verified() const;  // From is not, but Sender is (RFC 8550 section 3)
    const signer_facts& signer() const;     // of several the sender, else the first
};

}  // namespace hawser::smime
