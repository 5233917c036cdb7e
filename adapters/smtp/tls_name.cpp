#include "tls_name.hpp"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace hawser::smtp {

void verify_name(SSL* connection, const std::string& host) {
    X509_VERIFY_PARAM* parameters = SSL_get0_param(connection);
    if (X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str()) == 1) {
        return;
    }
    // SSL_set_tlsext_host_name, without its C cast.
    SSL_ctrl(connection, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(host.c_str()));
    X509_VERIFY_PARAM_set_hostflags(parameters,
                                    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    X509_VERIFY_PARAM_set1_host(parameters, host.c_str(), 0);
}

}  // namespace hawser::smtp
