// Verifies CMS signed-data (RFC 5652, RFC 8551): opaque, where the content waits in a spool until every signature was
// verified, and detached. Made by the decoding, one for each signed layer. Every signer has to be valid: digest,
// signature, certificate, chain, revocation; else it throws, and nothing of the content was given to anybody.
#pragma once

#include "ber_reader.hpp"
#include "decode_facts.hpp"
#include "decode_material.hpp"

namespace hawser::smime {

// Takes the structure that enter_content_info(…) went into.
body_stream open_signed(ber_reader structure, const decode_material& material, const decode_policy& policy,
                        decode_facts& facts);

// `signature`: the decoded second part of a multipart/signed; `micalg`: its parameter.
void verify_detached(body_stream signature, body_stream content, const std::string& micalg,
                     const decode_material& material, const decode_policy& policy, decode_facts& facts);

}  // namespace hawser::smime
