// What a certificate and a signature say, as text for properties and errors.
#pragma once

#include <string>

#include "name_text.hpp"
#include "openssl_pointers.hpp"
#include "sender_match.hpp"

namespace hawser::smime {

std::string thumbprint_of(X509* certificate);  // SHA-1 in upper case hexadecimal digits, as Windows shows it
std::string serial_of(const ASN1_INTEGER* serial);
certificate_addresses addresses_of(const X509* certificate);
// Whether the signing-certificate-v2 attribute (RFC 5035), if there is one, is about this certificate.
bool names_certificate(CMS_SignerInfo* signer, X509* certificate);
std::string signing_time_of(CMS_SignerInfo* signer);  // RFC 3339, UTC; "" where it says none. It is the signer's word

}  // namespace hawser::smime
