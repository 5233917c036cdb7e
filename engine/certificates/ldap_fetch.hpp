// One reading of answer_fetch from a directory: anonymous, of one attribute of one entry, which has to be one that CRLs
// are published in. Follows no referral. libldap speaks the protocol, over a guarded_stream.
#pragma once

#include <optional>
#include <string>

#include "certificates/answer_fetch.hpp"
#include "certificates/fetch_url.hpp"

namespace hawser::engine {

struct ldap_place {
    std::string name;       // the entry's distinguished name, decoded
    std::string attribute;  // without options
};

// Of the target of an LDAP URL (RFC 4516). Nothing where it asks for another attribute, for more than the entry itself,
// or for an extension. Its filter is not looked at.
std::optional<ldap_place> parse_ldap_target(const std::string& target);

result<std::string> fetch_ldap(const fetch_url& to, const fetch_limits& limits, const std::atomic<bool>& is_stopping);

}  // namespace hawser::engine
