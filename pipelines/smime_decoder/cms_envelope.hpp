// Decrypts CMS enveloped-data and authEnveloped-data (RFC 5652, RFC 5083) as it streams by. Made by the decoding, one
// for each encrypted layer. Content in CBC is given as it is decrypted; authenticated content only after its tag was
// checked: until then the encrypted bytes wait in a spool. Whatever is wrong with key or content has one text, so that
// nobody learns from the kind of failure.
#pragma once

#include "ber_reader.hpp"
#include "decode_facts.hpp"
#include "decode_material.hpp"

namespace hawser::smime {

// Takes the structure that enter_content_info(…) went into; `kind` is what that gave. Notes in `facts` what it found.
body_stream open_envelope(ber_reader structure, int kind, const decode_material& material, const decode_policy& policy,
                          decode_facts& facts);

}  // namespace hawser::smime
