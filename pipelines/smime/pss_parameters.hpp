// What RSASSA-PSS says of itself in an AlgorithmIdentifier (RFC 4055 section 3.1). Any thread.
#pragma once

#include <cstdint>

#include "openssl_pointers.hpp"

namespace hawser::smime {

// As they are by default.
struct pss_parameters {
    int digest = NID_sha1;
    int mask_digest = NID_sha1;
    std::int64_t salt_size = 20;
};

// NID_undef, NID_undef and 0 where there are none to be read.
pss_parameters parse_pss_parameters(const X509_ALGOR* algorithm);

}  // namespace hawser::smime
