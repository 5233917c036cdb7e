// What one transmission needs to know: the server and how to reach it, credentials, envelope. Read from the message's
// context before anything is connected. The credentials are wiped when the settings go.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hawser/sdk/adapter.hpp"
#include "hawser/sdk/config.hpp"
#include "oauth_grant.hpp"
#include "tls_policy.hpp"

namespace hawser::smtp {

struct smtp_address {
    std::string host;  // a name or an address literal without brackets
    std::uint16_t port = 0;
    bool operator==(const smtp_address&) const = default;
};

enum class authentication_way : std::uint8_t { none = 1, basic, process_account, kerberos, oauth2 };
enum class tls_mode : std::uint8_t { none = 1, starttls, implicit };

struct smtp_endpoint {
    std::string host;  // a name or an address literal without brackets
    std::uint16_t port = 0;
    tls_mode tls = tls_mode::starttls;
    std::string username;
    std::string password;
    std::string mechanism;  // "": the strongest that is offered
    std::string channel_binding = "auto";
    authentication_way way = authentication_way::none;
    bool authenticates = false;
    oauth_grant grant;  // for oauth2
    tls_policy policy;
    bool allows_clear_text = false;
    std::vector<smtp_address> fallbacks;  // tried where `host` does not serve us

    smtp_endpoint() = default;
    smtp_endpoint(const smtp_endpoint&) = default;
    smtp_endpoint(smtp_endpoint&&) = default;
    smtp_endpoint& operator=(const smtp_endpoint&) = default;
    smtp_endpoint& operator=(smtp_endpoint&&) = default;
    ~smtp_endpoint();
    // Connections are shared by what is equal in all of this, credentials included.
    bool operator==(const smtp_endpoint&) const = default;
    smtp_endpoint at(std::size_t index) const;  // 0: as it is; else with a fallback's host and port
    bool uses_token() const noexcept { return way == authentication_way::oauth2; }
    // Those of the account that this process runs as, or that its environment names: nothing was configured for them.
    bool uses_current_credentials() const {
        return (way == authentication_way::process_account || way == authentication_way::kerberos) && password.empty();
    }
    std::string label() const { return host + ':' + std::to_string(port); }
};

// Seconds; RFC 5321 section 4.5.3.2 gives the defaults.
struct smtp_timeouts {
    int connect = 30;
    int greeting = 300;
    int command = 300;
    int data_start = 120;
    int data_block = 180;
    int data_end = 600;
    int idle = 30;  // of a pooled connection
};

struct smtp_limits {
    int connections_max = 16;  // to one server with one set of credentials
    int messages_max = 1000;   // over one connection
    int connection_age_max_s = 300;
    int messages_per_minute_max = 0;  // 0 = no limit
};

config_spec smtp_spec();
void validate_smtp(const config& values, problems& found);
smtp_timeouts read_timeouts(const config& values);
smtp_limits read_limits(const config& values);
smtp_endpoint server_of(const config& values);  // those of the send handler; no host where it names none
smtp_endpoint read_endpoint(const message& one, const delivery_context& handle);  // throws hawser::failure

// "host", "host:port", "[v6]:port"; false: `why` says what is wrong (spec section 2's restrictions).
bool parse_smtp_host(std::string_view text, std::string& host, std::uint16_t& port, std::string& why);

// The servers of FallbackHosts; port 0 = the usual one. nullopt: `why` says what is wrong.
std::optional<std::vector<smtp_address>> parse_fallback_hosts(std::string_view text, std::string& why);

}  // namespace hawser::smtp
