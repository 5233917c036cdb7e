// The CMS structures of a seal (RFC 5652, RFC 5083), ready for their content to stream through.
#pragma once

#include "openssl_pointers.hpp"
#include "seal_algorithms.hpp"
#include "seal_material.hpp"

namespace hawser::smime {

// With signing time, capabilities and signing-certificate-v2 among the signed attributes (RFC 8551 section 2.5).
cms_pointer make_signed_data(const seal_material& material, const seal_algorithms& algorithms, bool adds_certificates,
                             bool is_detached);
// EnvelopedData, or AuthEnvelopedData where the cipher authenticates.
cms_pointer make_enveloped_data(const seal_material& material, const seal_algorithms& algorithms,
                                const sealing_cipher& cipher);

}  // namespace hawser::smime
