// NTLM (MS-NLMP, raw NTLMSSP tokens) and GSSAPI with Kerberos (RFC 4752), both through the system's GSSAPI library,
// which is opened on first use and kept. respond() may ask a KDC over the network: only on a thread that may block.
#pragma once

#include "sasl_mechanism.hpp"

namespace hawser::smtp {

struct gssapi_settings {
    std::string host;      // the service is smtp@host
    std::string username;  // "user", "DOMAIN\\user", "user@REALM"; empty: the current credentials of this process
    secret_text password;  // empty with a name: that name's current credentials
};

// `name` is "NTLM" or "GSSAPI". respond() throws sasl_failure where the library, or its part for NTLM, is not
// installed.
std::unique_ptr<sasl_mechanism> make_gssapi_mechanism(std::string_view name, gssapi_settings settings);

}  // namespace hawser::smtp
