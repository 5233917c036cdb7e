// What an authentication can be tied to in a TLS connection. Pure: reads the connection's OpenSSL object.
#pragma once

#include <openssl/types.h>

#include <string_view>

#include "sasl_mechanism.hpp"

namespace hawser::smtp {

// `wanted`: "auto", "tls-exporter" or "tls-server-end-point". A binding without a type where the connection gives none:
// the exporter needs TLS 1.3 or an extended master secret (RFC 9266 section 4.2), the end point a certificate whose
// signature has one hash (RFC 5929 section 4.1). "auto" is the exporter in TLS 1.3, else the end point.
channel_binding channel_binding_of(SSL* connection, std::string_view wanted);

}  // namespace hawser::smtp
