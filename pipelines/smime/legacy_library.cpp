#include "legacy_library.hpp"

#include <openssl/crypto.h>
#include <openssl/provider.h>

#include "openssl_pointers.hpp"

namespace hawser::smime {

OSSL_LIB_CTX* legacy_library() {
    static OSSL_LIB_CTX* const library = [] {
        OSSL_LIB_CTX* made = OSSL_LIB_CTX_new();
        const bool is_complete = made != nullptr && OSSL_PROVIDER_load(made, "default") != nullptr &&
                                 OSSL_PROVIDER_load(made, "legacy") != nullptr;
        if (!is_complete) {
            OSSL_LIB_CTX_free(made);
            made = nullptr;
        }
        return made;
    }();
    if (library == nullptr) {
        throw_openssl_failure("loading OpenSSL's legacy provider, which DES and RC2 need,");
    }
    return library;
}

}  // namespace hawser::smime
