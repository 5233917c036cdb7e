// A PKCS#11 module (a library of a token's maker), loaded and initialised by p11-kit, which counts its users in this
// process and notices a fork: the child may not use it. Kept for as long as a token of it is open. Thread-safe: it is
// initialised for the locks of the operating system.
#pragma once

#include <p11-kit/p11-kit.h>

#include <memory>
#include <string>

#include "base/result.hpp"

namespace hawser::engine {

class pkcs11_module {
public:
    // Fails naming the module, what is wrong, and what to do.
    static result<std::shared_ptr<const pkcs11_module>> load(const std::string& path);
    pkcs11_module(const pkcs11_module&) = delete;
    pkcs11_module& operator=(const pkcs11_module&) = delete;
    ~pkcs11_module();

    CK_FUNCTION_LIST& functions() const noexcept { return *functions_; }

private:
    explicit pkcs11_module(CK_FUNCTION_LIST* functions) : functions_(functions) {}
    CK_FUNCTION_LIST* functions_;
};

// For a person: "the PIN is incorrect (CKR 0xa0)".
std::string pkcs11_reason(CK_RV code);

// Whether the token, or the login to it, has gone: it has to be opened anew.
bool is_token_gone(CK_RV code) noexcept;

}  // namespace hawser::engine
