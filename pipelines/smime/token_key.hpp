// A private key that stays in a PKCS #11 token, as a key of OpenSSL's: its public half is here, the rest the host does,
// through its private-keys service. Any thread; it does not outlive the component that it was made for.
//
// OpenSSL's CMS takes such a key as it takes those of an engine: RSA and EC keys may bring their own methods, which for
// PSS and OAEP are asked for the bare RSA operation. Those methods cannot throw: what the host said is kept for this
// thread until throw_key_failure() asks for it.
#pragma once

#include "hawser/sdk/services.hpp"
#include "openssl_pointers.hpp"

namespace hawser::smime {

// `given.private_key` is a "pkcs11:" URI. Throws where the certificate's key is neither RSA nor on an elliptic curve.
key_pointer make_token_key(const host& owner, const hawser_certificate& given, const X509* certificate);

// After OpenSSL has failed with a key: throws what the host said of it, if it was that. An input that does not fit the
// key is none of it: that is the message's fault, and nobody is told more.
void throw_key_failure();

}  // namespace hawser::smime
