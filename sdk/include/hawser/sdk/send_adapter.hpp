// A send adapter: derive from send_adapter, give it `static constexpr adapter_info info`, and spec, validate and a
// constructor as a component has them. One instance a send handler: pools and caps hold over all its ports. It reads its
// properties from the message's context ("SMTP.Subject"), where the host has put handler and port values. An adapter that
// also derives from composer makes the mail header fields and the MIME entity before the encoders run.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "hawser/sdk/config.hpp"
#include "hawser/sdk/config_spec.hpp"
#include "hawser/sdk/delivery.hpp"

namespace hawser {
inline namespace sdk_1 {

struct adapter_info {
    std::string_view id{};
    std::string_view version{};
    std::string_view summary{};              // one sentence
    std::string_view property_namespace{};   // "SMTP": of its context properties
    std::string_view address_scheme{};       // "mailto"
    std::uint32_t max_in_flight = 0;         // transmits at once; 0 = the host decides
    bool is_blocking = false;                // transmit may block: it gets max_in_flight threads of its own
};

class send_adapter {
public:
    send_adapter() = default;
    send_adapter(const send_adapter&) = delete;
    send_adapter& operator=(const send_adapter&) = delete;
    virtual ~send_adapter() = default;   // after the last complete: join your threads here

    // Sends, and completes the delivery now or later from any thread. What it throws completes it: failure as rejected
    // (as retry for try_later, an I/O failure or a cancelled call), any other exception as retry, "plugin misbehaving".
    virtual void transmit(delivery delivery) = 0;

    // What a transmission would use besides the body (server, sender, recipients), as lines of text.
    virtual std::string preview(message&) { return {}; }

    // No transmit follows; those under way are cancelled by the host. Do not block.
    virtual void stop() noexcept {}
};

class composer {
public:
    virtual ~composer() = default;
    // Settles properties and macros, writes the mail header fields, makes the body one MIME entity with all parts.
    virtual void compose(message& message) = 0;
};

}  // namespace sdk_1
}  // namespace hawser
