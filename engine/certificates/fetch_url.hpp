// The address of an answer about revocation, as a certificate gives it: hostile. Values; any thread.
#pragma once

#include <optional>
#include <string>

namespace hawser::engine {

struct fetch_url {
    std::string scheme;  // "http", "https", "ldap", "ldaps"
    std::string host;    // a name, or an IPv6 address without its brackets; "" only where the scheme is LDAP
    std::string port;    // 1 to 65535
    std::string target;  // from the first '/', still encoded, without a fragment

    bool is_ldap() const { return scheme.front() == 'l'; }
    bool has_tls() const { return scheme.back() == 's'; }
};

// Nothing for other schemes, for one with a user in it, for a host that is no name or address, and for what is not
// printable ASCII: a line end would become one of the request's.
std::optional<fetch_url> parse_fetch_url(const std::string& text);

std::string server_of(const std::string& url);  // "host:port"; "" where it is no such URL

}  // namespace hawser::engine
