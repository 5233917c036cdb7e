// MIT's GSSAPI library, opened with dlopen on first use: a host that never authenticates by it never loads it. Never
// closed. Thread-safe.
#pragma once

#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>

#include <string>

namespace hawser::smtp {

struct gss_library {
    static const gss_library& get();  // throws sasl_failure where it is not installed

    decltype(&::gss_import_name) import_name;
    decltype(&::gss_release_name) release_name;
    decltype(&::gss_acquire_cred) acquire_cred;
    decltype(&::gss_acquire_cred_with_password) acquire_cred_with_password;
    decltype(&::gss_release_cred) release_cred;
    decltype(&::gss_init_sec_context) init_sec_context;
    decltype(&::gss_delete_sec_context) delete_sec_context;
    decltype(&::gss_release_buffer) release_buffer;
    decltype(&::gss_display_status) display_status;
    decltype(&::gss_wrap) wrap;
    decltype(&::gss_unwrap) unwrap;

    std::string text_of(OM_uint32 major, OM_uint32 minor, gss_OID mechanism) const;
};

}  // namespace hawser::smtp
