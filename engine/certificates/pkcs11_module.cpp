#include "certificates/pkcs11_module.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>

#include "certificates/p11_kit_library.hpp"
#include "certificates/token_key.hpp"

namespace hawser::engine {

result<std::shared_ptr<const pkcs11_module>> pkcs11_module::load(const std::string& path) {
    if (::access(path.c_str(), R_OK) != 0) {
        return fail(token_is_out, "the PKCS #11 module " + path +
                                      " is not there, or this user may not read it: install it, or correct "
                                      "\"module\" in host.certificates.tokens");
    }
    const p11_kit_library* p11_kit = nullptr;
    try {
        p11_kit = &p11_kit_library::get();
    } catch (const std::exception& failure) {
        return fail(token_is_out, "the PKCS #11 module " + path + " cannot be loaded: " + failure.what());
    }
    CK_FUNCTION_LIST* functions = p11_kit->module_load(path.c_str(), 0);
    if (functions == nullptr) {
        const char* reason = p11_kit->message();
        return fail(token_is_out, "the PKCS #11 module " + path + " cannot be loaded (" +
                                      (reason == nullptr ? "it is none" : reason) +
                                      "): correct \"module\" in host.certificates.tokens");
    }
    const CK_RV code = p11_kit->module_initialize(functions);
    if (code != CKR_OK) {
        p11_kit->module_release(functions);
        return fail(token_is_out, "the PKCS #11 module " + path + " does not start: " + pkcs11_reason(code) +
                                      "; see its own documentation and configuration");
    }
    return std::shared_ptr<const pkcs11_module>(new pkcs11_module(functions));
}

pkcs11_module::~pkcs11_module() {
    p11_kit_library::get().module_finalize(functions_);
    p11_kit_library::get().module_release(functions_);
}

std::string pkcs11_reason(CK_RV code) {
    const char* known = p11_kit_library::get().strerror(code);
    std::array<char, 32> number{};
    std::snprintf(number.data(), number.size(), "CKR 0x%lx", code);
    return std::string(known == nullptr ? "unknown" : known) + " (" + number.data() + ')';
}

bool is_token_gone(CK_RV code) noexcept {
    static constexpr std::array<CK_RV, 10> codes{
        CKR_SESSION_CLOSED,           CKR_SESSION_HANDLE_INVALID, CKR_DEVICE_ERROR,    CKR_DEVICE_REMOVED,
        CKR_TOKEN_NOT_PRESENT,        CKR_TOKEN_NOT_RECOGNIZED,   CKR_SLOT_ID_INVALID, CKR_USER_NOT_LOGGED_IN,
        CKR_CRYPTOKI_NOT_INITIALIZED, CKR_DEVICE_MEMORY};
    return std::find(codes.begin(), codes.end(), code) != codes.end();
}

}  // namespace hawser::engine
