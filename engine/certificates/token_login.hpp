// Finds a PKCS#11 token among those of a module, and logs in to it, or for one use of a key that asks each time. A
// wrong PIN is given to a token once and no more, whoever gives it.
#pragma once

#include "certificates/pkcs11_module.hpp"
#include "certificates/pkcs11_uri.hpp"
#include "certificates/token_key.hpp"

namespace hawser::engine {

struct found_token {
    CK_SLOT_ID slot = 0;
    pkcs11_uri identity;  // model, manufacturer, serial, token
};

// Both fail naming module and token, what is wrong, and what to do.
result<found_token> find_token(CK_FUNCTION_LIST& functions, const token_source& source);
// As CKU_USER, for all sessions; or, after the use of a key has begun in this session, as CKU_CONTEXT_SPECIFIC. Throws
// pkcs11_failure where it is not the PIN that the token refuses.
result<void> log_in_to_token(CK_FUNCTION_LIST& functions, CK_SESSION_HANDLE session, CK_USER_TYPE user,
                             const found_token& token, const token_source& source);

// "the token pkcs11:token=bus of /usr/lib/…/module.so"
std::string name_of(const token_source& source);

}  // namespace hawser::engine
