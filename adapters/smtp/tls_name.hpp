// Makes a TLS connection ask for a server by its name, and accept only a certificate with that name (RFC 9525).
#pragma once

#include <openssl/types.h>

#include <string>

namespace hawser::smtp {

// `host`: a DNS name in ASCII (IDN as A-labels), which is also sent as SNI, or an IP address, which must then be among
// the certificate's addresses: no name and no common name stands for it.
void verify_name(SSL* connection, const std::string& host);

}  // namespace hawser::smtp
