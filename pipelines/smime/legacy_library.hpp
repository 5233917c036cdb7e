// OpenSSL's legacy provider (DES, RC2) in a library context of its own, beside the default provider, so that nothing
// else in the process finds what it has. For whom AllowLegacyAlgorithms is true. Any thread.
#pragma once

#include <openssl/types.h>

namespace hawser::smime {

// Made once and never freed: messages use it until the process ends. Throws hawser::failure where there is no such
// provider.
OSSL_LIB_CTX* legacy_library();

}  // namespace hawser::smime
