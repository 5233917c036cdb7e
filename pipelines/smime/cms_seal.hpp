// Seals a MIME entity as it streams by: CMS signed-data (opaque or clear), enveloped-data and authenticated
// enveloped-data as new MIME entities, in constant memory (RFC 8551, RFC 5652, RFC 5083). The work happens while the
// result is read. An upstream failure fails the read, and no structure is finished.
#pragma once

#include <memory>
#include <string>

#include "hawser/sdk/stream.hpp"
#include "seal_algorithms.hpp"
#include "seal_material.hpp"

namespace hawser::smime {

body_stream sign_opaque(body_stream entity, std::shared_ptr<const seal_material> material,
                        const seal_algorithms& algorithms, bool adds_certificates);
body_stream sign_clear(body_stream entity, std::shared_ptr<const seal_material> material,
                       const seal_algorithms& algorithms, bool adds_certificates);
body_stream encrypt(body_stream entity, std::shared_ptr<const seal_material> material,
                    const seal_algorithms& algorithms, const sealing_cipher& cipher);

}  // namespace hawser::smime
