// What OAuth 2 access tokens are asked for with (RFC 6749), and what a token endpoint answers. Pure; every secret is
// wiped when it goes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "secret_text.hpp"

namespace hawser::smtp {

inline constexpr std::size_t token_size_max =
    9000;  // so that it fits in an answer to a server (RFC 4954: 12288 in base64)
inline constexpr int token_lifetime_default_s = 300;  // where the endpoint does not say (RFC 6749 section 5.1)
inline constexpr int token_lifetime_max_s = 24 * 3600;

struct oauth_grant {
    std::string token_endpoint;
    std::string client_id;
    std::string scope;
    secret_text client_secret;
    secret_text refresh_token;          // empty: client credentials (section 4.4), else refresh (section 6)
    bool sends_secret_in_body = false;  // else by HTTP Basic (section 2.3.1)
    bool operator==(const oauth_grant&) const = default;
};

struct token_endpoint_address {
    std::string host, port, target;
    bool is_encrypted = false;
};

struct token_request {
    secret_text body;           // application/x-www-form-urlencoded
    secret_text authorization;  // the field's value, or empty
};

struct token_answer {
    enum class kind : std::uint8_t { granted = 1, refused, try_later };
    kind what = kind::try_later;
    secret_text access_token;
    secret_text refresh_token;  // a new one, that replaces the one used; empty: none
    int lifetime_s = 0;
    std::string problem;  // for a person; never has a token in it
};

// False: `why` says what is wrong. http is only for this machine itself, and only where that is allowed.
bool parse_token_endpoint(std::string_view text, bool allows_clear_text, token_endpoint_address& found,
                          std::string& why);
token_request make_token_request(const oauth_grant& grant);
token_answer read_token_answer(unsigned http_status, std::string_view body);

}  // namespace hawser::smtp
