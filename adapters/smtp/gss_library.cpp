#include "gss_library.hpp"

#include <dlfcn.h>

#include "sasl_mechanism.hpp"
#include "text.hpp"

namespace hawser::smtp {
namespace {

constexpr const char* library_name = "libgssapi_krb5.so.2";

template <typename Function>
void find(void* library, const char* name, Function& function) {
    function = reinterpret_cast<Function>(::dlsym(library, name));
    if (function == nullptr) {
        throw sasl_failure(std::string(library_name) + " has no " + name);
    }
}

gss_library open() {
    void* library = ::dlopen(library_name, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        throw sasl_failure(std::string(library_name) +
                           " cannot be loaded: install libgssapi-krb5-2, and gss-ntlmssp for NTLM");
    }
    gss_library found{};
    find(library, "gss_import_name", found.import_name);
    find(library, "gss_release_name", found.release_name);
    find(library, "gss_acquire_cred", found.acquire_cred);
    find(library, "gss_acquire_cred_with_password", found.acquire_cred_with_password);
    find(library, "gss_release_cred", found.release_cred);
    find(library, "gss_init_sec_context", found.init_sec_context);
    find(library, "gss_delete_sec_context", found.delete_sec_context);
    find(library, "gss_release_buffer", found.release_buffer);
    find(library, "gss_display_status", found.display_status);
    find(library, "gss_wrap", found.wrap);
    find(library, "gss_unwrap", found.unwrap);
    return found;
}

}  // namespace

const gss_library& gss_library::get() {
    static const gss_library library = open();  // tried again at the next call where it throws
    return library;
}

std::string gss_library::text_of(OM_uint32 major, OM_uint32 minor, gss_OID mechanism) const {
    std::string text;
    const auto add = [&](OM_uint32 status, int kind) {
        OM_uint32 ignored = 0;
        OM_uint32 more = 0;
        gss_buffer_desc piece = GSS_C_EMPTY_BUFFER;
        if (display_status(&ignored, status, kind, mechanism, &more, &piece) == GSS_S_COMPLETE && piece.length > 0) {
            text += (text.empty() ? "" : ": ") + shown({static_cast<const char*>(piece.value), piece.length});
        }
        release_buffer(&ignored, &piece);
    };
    add(major, GSS_C_GSS_CODE);
    add(minor, GSS_C_MECH_CODE);
    return text;
}

}  // namespace hawser::smtp
