// OAUTHBEARER (RFC 7628) and XOAUTH2 (Google's and Microsoft's earlier form): one response with the access token.
#pragma once

#include <cstdint>

#include "sasl_mechanism.hpp"

namespace hawser::smtp {

struct bearer_settings {
    std::string username;
    std::string host;  // the server as it was configured: what the token is shown to
    std::uint16_t port = 0;
    secret_text token;
};

const std::vector<std::string>& token_mechanisms();  // the standard's first
std::unique_ptr<sasl_mechanism> make_token_mechanism(std::string_view name, bearer_settings settings);

}  // namespace hawser::smtp
