// SASL mechanisms as state machines without I/O (RFC 4422): challenges in, responses out, all of it decoded bytes; who
// calls does base64 and the connection. One object serves one exchange. respond() may work for a while (SCRAM), so it
// is called on a thread that may block. Failure throws sasl_failure: the exchange is broken off, nothing else is tried.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "secret_text.hpp"

namespace hawser::smtp {

class sasl_failure : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

struct sasl_credentials {
    std::string username;
    secret_text password;
};

// What ties an exchange to the TLS connection that it runs over (RFC 5056); no type where there is none.
struct channel_binding {
    std::string type;  // "tls-exporter" (RFC 9266), "tls-server-end-point" (RFC 5929)
    std::string data;
};

// It may succeed later: a KDC that cannot be reached, a ticket that somebody has to renew.
class sasl_trouble : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

class sasl_mechanism {
public:
    virtual ~sasl_mechanism() = default;
    virtual bool has_initial_response() const = 0;  // else respond() is first given the server's first challenge
    // The first call of a mechanism with an initial response has an empty challenge.
    virtual secret_text respond(std::string_view challenge) = 0;
    // The server may say that it accepts; before that it would be one that has not proved itself.
    virtual bool may_succeed() const = 0;
    virtual std::string server_problem() const { return {}; }  // what the server said about its refusal, in words
};

// The strongest first. What binds to the connection stands before what does not, whatever its hash: only that notices a
// man in the middle with a certificate that we trust.
const std::vector<std::string>& password_mechanisms();

// What SCRAM's GS2 header says of channel binding (RFC 5802 section 6).
enum class scram_binding : std::uint8_t {
    not_supported = 1,  // "n": there is no TLS, or the operator fixed a mechanism without it
    not_offered,        // "y": we could, the server does not: it fails if its offer was hidden from us
    required            // "p="
};

// `name` is one of password_mechanisms(); the last two matter to SCRAM only.
std::unique_ptr<sasl_mechanism> make_password_mechanism(std::string_view name, sasl_credentials credentials,
                                                        channel_binding binding, scram_binding binds);

}  // namespace hawser::smtp
