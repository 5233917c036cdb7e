// Runs a SASL exchange over an SMTP connection (RFC 4954 section 4). Used by the session, by one coroutine. What a
// server says becomes an outcome by smtp_trouble; a broken connection throws wire_failure.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>

#include "blocking_pool.hpp"
#include "name_lookups.hpp"
#include "oauth_tokens.hpp"
#include "sasl_mechanism.hpp"
#include "smtp_authentication.hpp"
#include "smtp_connection.hpp"
#include "smtp_extensions.hpp"
#include "smtp_settings.hpp"

namespace hawser::smtp {

// What the sessions of one client share.
struct smtp_services {
    blocking_pool& blocking;
    oauth_tokens& tokens;
    name_lookups& lookups;
};

class smtp_authenticator {
public:
    smtp_authenticator(smtp_connection& connection, const smtp_endpoint& endpoint, const smtp_timeouts& timeouts,
                       smtp_services services, token_tls tls);

    // nullopt: authenticated. Otherwise the connection is to be given up.
    asio::awaitable<std::optional<outcome>> authenticate(const smtp_extensions& offered);
    const std::string& mechanism() const noexcept { return mechanism_; }  // the one that was tried; "" = none yet

private:
    struct attempt {  // nullopt as result: authenticated
        std::optional<outcome> result;
        bool may_repeat = false;  // a kept token was refused; a new one may do
    };
    asio::awaitable<std::optional<outcome>> authenticate_by_password(const smtp_extensions& offered);
    asio::awaitable<attempt> authenticate_by_token(const smtp_extensions& offered);
    asio::awaitable<std::optional<outcome>> run(mechanism_choice choice, std::shared_ptr<sasl_mechanism> mechanism);
    // What the exchange came to: the last reply, and what we found wrong with it.
    struct exchange_end {
        smtp_reply reply;
        std::string problem;
        bool is_passing = false;  // it may succeed later
    };
    asio::awaitable<exchange_end> exchange(std::string name, std::shared_ptr<sasl_mechanism> mechanism);
    asio::awaitable<secret_text> respond(std::shared_ptr<sasl_mechanism> mechanism, secret_text challenge);
    asio::awaitable<smtp_reply> command(secret_text line, std::string shown);  // `shown`: to who listens

    smtp_connection& connection_;
    const smtp_endpoint& endpoint_;
    const smtp_timeouts& timeouts_;
    smtp_services services_;
    token_tls tls_;
    std::string mechanism_;
};

}  // namespace hawser::smtp
