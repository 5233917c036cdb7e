// "pkcs11:" URIs (RFC 7512): what names a token, or an object in one. Values; pure.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace hawser::engine {

struct pkcs11_uri {
    std::map<std::string, std::string> path;   // "token", "object", "id", …, without percent-encoding
    std::map<std::string, std::string> query;  // "module-path", "pin-value", …
};

inline constexpr std::string_view pkcs11_scheme = "pkcs11:";

bool is_pkcs11_uri(std::string_view text);
result<pkcs11_uri> parse_pkcs11_uri(std::string_view text);
std::string to_text(const pkcs11_uri& uri);

// Whether everything that `wanted` says is so in `described`; its "type" is not looked at: a certificate and its key
// are one thing here.
bool fits(const pkcs11_uri& wanted, const pkcs11_uri& described);

}  // namespace hawser::engine
