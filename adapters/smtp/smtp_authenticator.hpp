// Runs a SASL exchange over an SMTP connection (RFC 4954 section 4). Used by the session, by one coroutine. What a
// server says becomes an outcome by smtp_trouble; a broken connection throws wire_failure.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>

#include "blocking_pool.hpp"
#include "sasl_mechanism.hpp"
#include "smtp_connection.hpp"
#include "smtp_extensions.hpp"
#include "smtp_settings.hpp"

namespace hawser::smtp {

class smtp_authenticator {
public:
    smtp_authenticator(smtp_connection& connection, const smtp_endpoint& endpoint, const smtp_timeouts& timeouts,
                       blocking_pool& blocking);

    // nullopt: authenticated. Otherwise the connection is to be given up.
    asio::awaitable<std::optional<outcome>> authenticate(const smtp_extensions& offered);

private:
    // What the exchange came to: the last reply, and what we found wrong with it.
    struct exchange_end {
        smtp_reply reply;
        std::string problem;
    };
    asio::awaitable<exchange_end> exchange(std::string name, std::shared_ptr<sasl_mechanism> mechanism);
    asio::awaitable<secret_text> respond(std::shared_ptr<sasl_mechanism> mechanism, secret_text challenge);
    asio::awaitable<smtp_reply> command(secret_text line);

    smtp_connection& connection_;
    const smtp_endpoint& endpoint_;
    const smtp_timeouts& timeouts_;
    blocking_pool& blocking_;
};

}  // namespace hawser::smtp
