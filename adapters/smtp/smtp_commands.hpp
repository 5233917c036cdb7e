// MAIL and RCPT with their parameters: SIZE (RFC 1870), BODY (RFC 6152, RFC 3030), SMTPUTF8 (RFC 6531), REQUIRETLS
// (RFC 8689) and those of delivery status notifications (RFC 3461). What a message needs is asked of the server before;
// every other parameter is written only where the server offers it. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hawser/sdk/message.hpp"
#include "smtp_extensions.hpp"

namespace hawser::smtp {

enum class content_kind : std::uint8_t { seven_bit = 1, eight_bit, binary };

// What is asked of the servers on the way (RFC 3461).
struct status_request {
    std::string events;       // "SUCCESS,FAILURE", "NEVER"; "" = what servers do by themselves
    std::string returned;     // "FULL" or "HDRS"; "" = not said
    std::string envelope_id;  // comes back in the notification

    bool is_wanted() const noexcept { return !events.empty() || !returned.empty(); }
};

struct mail_facts {
    std::string sender;
    std::int64_t size = -1;  // -1 = not known
    content_kind kind = content_kind::seven_bit;
    bool needs_smtputf8 = false;
    bool requires_tls = false;  // of every server on the way
    status_request status;
};

std::string mail_command(const mail_facts& mail, const smtp_extensions& offered);
std::string recipient_command(const std::string& address, const mail_facts& mail, const smtp_extensions& offered);

// "success, failure, delay" or "never" as NOTIFY takes it; throws hawser::failure.
std::string parse_status_events(std::string_view text);
status_request read_status_request(const message& one);  // SMTP.DeliveryReceipt, NotifyOn, ReturnContent

std::string to_xtext(std::string_view text);  // RFC 3461 section 4; beyond ASCII as RFC 6533's utf-8-addr-unitext

// The server has taken as many recipients as it takes in one transaction (RFC 5321 section 4.5.3.1.10): the others go
// in another one. Only where it has taken some.
bool is_too_many_recipients(const smtp_reply& reply);

}  // namespace hawser::smtp
