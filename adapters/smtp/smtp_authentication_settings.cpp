#include "smtp_authentication_settings.hpp"

#include <openssl/crypto.h>

#include <algorithm>

#include "sasl_mechanism.hpp"
#include "sasl_oauth.hpp"
#include "secret_property.hpp"
#include "text.hpp"

namespace hawser::smtp {
namespace {

authentication_way way_of(const std::string& word) {
    return word == "basic"            ? authentication_way::basic
           : word == "processAccount" ? authentication_way::process_account
           : word == "kerberos"       ? authentication_way::kerberos
           : word == "oauth2"         ? authentication_way::oauth2
                                      : authentication_way::none;
}

// A mechanism that goes with the way of authentication, or "".
std::string mechanism_of(const std::string& name, const std::string& way) {
    const std::vector<std::string> fitting = mechanisms_of(way_of(way));
    if (!name.empty() && std::find(fitting.begin(), fitting.end(), name) == fitting.end()) {
        throw failure("Mechanism " + shown(name) + " does not go with SMTPAuthenticate " + way);
    }
    return name;
}

oauth_grant read_grant(const message& one, const delivery_context& handle) {
    oauth_grant grant;
    grant.token_endpoint = one.get_or("SMTP.TokenEndpoint", "");
    grant.client_id = one.get_or("SMTP.ClientId", "");
    grant.scope = one.get_or("SMTP.Scope", "");
    grant.client_secret = secret_of(handle, "ClientSecret");
    grant.refresh_token = secret_of(handle, "RefreshToken");
    grant.sends_secret_in_body = one.get_or("SMTP.ClientAuthentication", "basic") == "post";
    return grant;
}

// Where the bindings have a service account and the port no user of its own: DOMAIN\\user, or user@REALM for Kerberos.
void read_service_account(const delivery_context& handle, smtp_endpoint& endpoint) {
    const std::string user = handle.secret(HAWSER_SECRET_SERVICE_USER);
    if (user.empty()) {
        return;
    }
    const std::string domain = handle.secret(HAWSER_SECRET_SERVICE_DOMAIN);
    const bool is_ntlm = endpoint.way == authentication_way::process_account;
    endpoint.username = domain.empty() ? user : is_ntlm ? domain + '\\' + user : user + '@' + domain;
    endpoint.password = handle.secret(HAWSER_SECRET_SERVICE_PASSWORD);
    if (endpoint.password.empty()) {
        throw failure("the service account " + shown(endpoint.username) + " is only for what the send handler names (" +
                      "SMTPHost, FallbackHosts, TLS...), not for " + endpoint.label() +
                      " or what else the port changes: give the port its own Username and Password");
    }
}

void read_credentials(const message& one, const delivery_context& handle, smtp_endpoint& endpoint) {
    endpoint.username = one.get_or("SMTP.Username", "");
    endpoint.channel_binding = one.get_or("SMTP.ChannelBinding", "auto");
    endpoint.mechanism = mechanism_of(one.get_or("SMTP.Mechanism", ""), one.get_or("SMTP.SMTPAuthenticate", "none"));
    if (has_control(endpoint.username)) {
        throw failure("SMTP.Username has a control character");
    }
    bool has_secret = false;
    if (endpoint.uses_token()) {
        endpoint.grant = read_grant(one, handle);
        has_secret = !endpoint.grant.client_secret.is_empty() || !endpoint.grant.refresh_token.is_empty();
    } else {
        endpoint.password = handle.secret("Password");
        if (endpoint.uses_current_credentials() && endpoint.username.empty()) {
            read_service_account(handle, endpoint);
        }
        has_secret = !endpoint.password.empty() || (endpoint.uses_current_credentials() && endpoint.username.empty());
    }
    if (!has_secret) {
        throw failure("no " + std::string(endpoint.uses_token() ? "ClientSecret or RefreshToken" : "password") +
                      " may be used for " + endpoint.label() + " as " + shown(endpoint.username) +
                      ": it was configured for another SMTPHost, TLS..., Username, TokenEndpoint, ClientId, Scope or "
                      "AllowClearTextCredentials; give the port its own");
    }
}

}  // namespace

std::vector<std::string> mechanisms_of(authentication_way way) {
    switch (way) {
    case authentication_way::basic: return password_mechanisms();
    case authentication_way::process_account: return {"NTLM"};
    case authentication_way::kerberos: return {"GSSAPI"};
    case authentication_way::oauth2: return token_mechanisms();
    case authentication_way::none: break;
    }
    return {};
}

void add_authentication_properties(config_spec& spec) {
    spec.enumeration(
            "SMTPAuthenticate",
            "none; basic: user name and password, by the strongest mechanism offered; oauth2: an access token; "
            "processAccount: NTLM, kerberos: GSSAPI, both by Username and Password, or else by the host's service "
            "account, or the process's own "
            "account.",
            "none=0|basic=1|processAccount=2|kerberos=3|oauth2=4", "none")
        .string("Username",
                "For basic, processAccount (DOMAIN\\\\user) and kerberos (user@REALM); with oauth2 the mailbox.")
        .with(property_flag::guards_secrets)
        .size_max(255)
        .string("Password", "For basic, processAccount and kerberos.")
        .with(property_flag::secret)
        .size_max(4096)
        .enumeration("Mechanism", "Fixes the mechanism; default: the strongest that the server offers.",
                     "PLAIN=0|LOGIN=1|CRAM-MD5=2|SCRAM-SHA-1=3|SCRAM-SHA-256=4|SCRAM-SHA-1-PLUS=5|SCRAM-SHA-256-PLUS=6|"
                     "XOAUTH2=7|OAUTHBEARER=8")
        .enumeration("ChannelBinding",
                     "What SCRAM-...-PLUS ties the authentication to; auto: tls-exporter in TLS 1.3, else "
                     "tls-server-end-point.",
                     "auto=0|tls-exporter=1|tls-server-end-point=2", "auto")
        .boolean("AllowClearTextCredentials",
                 "Allows authentication, by any mechanism, over a connection that is not encrypted.", "false")
        .with(property_flag::guards_secrets)
        .string("TokenEndpoint", "For oauth2: where access tokens are asked for (RFC 6749), https://host/path.")
        .with(property_flag::guards_secrets)
        .size_max(2048)
        .string("ClientId", "For oauth2: the client's name at the token endpoint.")
        .with(property_flag::guards_secrets)
        .size_max(1024)
        .string("ClientSecret", "For oauth2: the client's secret.")
        .with(property_flag::secret)
        .size_max(4096)
        .enumeration("ClientAuthentication",
                     "For oauth2: how ClientSecret goes to the token endpoint: by HTTP Basic, or in the body (post).",
                     "basic=0|post=1", "basic")
        .string("RefreshToken",
                "For oauth2: asks for tokens by this (the mailbox's consent), else by client credentials.")
        .with(property_flag::secret)
        .size_max(8192)
        .string("Scope",
                "For oauth2: what the token is to allow, as the mail provider says; words with blanks between.")
        .with(property_flag::guards_secrets)
        .size_max(2048);
}

void validate_authentication(const config& values, problems& found) {
    const std::string way = values.string("/SMTPAuthenticate");
    const bool uses_token = way == "oauth2";
    if (way == "basic" && (values.string("/Username").empty() || values.string("/Password").empty())) {
        found.error("/SMTPAuthenticate", "basic authentication needs Username and Password");
    }
    if (uses_token && (values.string("/Username").empty() || values.string("/TokenEndpoint").empty() ||
                       values.string("/ClientId").empty() ||
                       (values.string("/ClientSecret").empty() && values.string("/RefreshToken").empty()))) {
        found.error("/SMTPAuthenticate",
                    "oauth2 needs Username, TokenEndpoint, ClientId, and ClientSecret or RefreshToken or both");
    }
    if ((way == "processAccount" || way == "kerberos") &&
        values.string("/Username").empty() != values.string("/Password").empty()) {
        found.error(
            "/SMTPAuthenticate",
            way +
                " needs Username and Password, or neither for the host's serviceAccount or the process's own account");
    }
    token_endpoint_address endpoint;
    std::string why;
    const std::string url = values.string("/TokenEndpoint");
    if (!url.empty() && !parse_token_endpoint(url, values.boolean("/AllowClearTextCredentials"), endpoint, why)) {
        found.error("/TokenEndpoint", why);
    }
    try {
        mechanism_of(way == "none" ? "" : values.string("/Mechanism"), way);
    } catch (const failure& wrong) {
        found.error("/Mechanism", wrong.what());
    }
    const bool authenticates = values.string("/SMTPAuthenticate") != "none";
    if (authenticates && values.string("/TLS") == "none" && !values.boolean("/AllowClearTextCredentials")) {
        found.error("/TLS",
                    "a password would go over a connection in clear text: use starttls or implicit, or set "
                    "AllowClearTextCredentials");
    }
}

void read_authentication(const message& one, const delivery_context& handle, smtp_endpoint& endpoint) {
    endpoint.way = way_of(one.get_or("SMTP.SMTPAuthenticate", "none"));
    endpoint.authenticates = endpoint.way != authentication_way::none;
    endpoint.allows_clear_text = one.is_true("SMTP.AllowClearTextCredentials");
    if (endpoint.authenticates) {
        read_credentials(one, handle, endpoint);
    }
}

}  // namespace hawser::smtp
