// All error policy of the SMTP client in one place: what a failure of each scope (server, message, recipient) makes of
// a delivery. The table in README.md says the same. Pure.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "hawser/sdk/adapter.hpp"
#include "oauth_grant.hpp"
#include "smtp_reply.hpp"

namespace hawser::smtp {

// The connection could not be made, broke, or timed out: all messages to this server are concerned.
outcome connection_trouble(const std::string& server, const std::string& what);
// The same after the final dot was sent: it may have been accepted (RFC 5321 section 4.5.3.2.6).
outcome final_reply_trouble(const std::string& server, const std::string& what);
// TLS was not offered or could not be verified: never fall back, try again later (an operator can mend either side).
outcome tls_trouble(const std::string& server, const std::string& what);
// Greeting, EHLO, STARTTLS, QUIT: 4xx and 421 are the server's bad moment, 5xx means that it will not serve us.
outcome server_refusal(const std::string& server, const std::string& step, const smtp_reply& reply);
outcome authentication_refusal(const std::string& server, const std::string& user, const std::string& mechanism,
                               const smtp_reply& reply, const std::string& reason = {});
// No access token could be had: what the endpoint refuses is the operator's to mend, all else passes.
outcome token_trouble(const std::string& server, const std::string& token_endpoint, const token_answer& answer);
// We broke the exchange off: what the server said was wrong, or it did not prove itself.
outcome authentication_broken_off(const std::string& server, const std::string& user, const std::string& mechanism,
                                  const std::string& why);
// What we authenticate with cannot be had just now: a KDC that is down, a ticket that has expired.
outcome authentication_unavailable(const std::string& server, const std::string& user, const std::string& mechanism,
                                   const std::string& why);
outcome authentication_not_possible(const std::string& server, const std::string& why);
// MAIL, DATA or the final reply: this message, for all its recipients.
outcome message_refusal(const std::string& server, const std::string& step, const smtp_reply& reply);
outcome message_too_large(const std::string& server, std::uint64_t size, std::uint64_t size_max);
outcome requiretls_not_possible(const std::string& server);
// `what` ("the body", "the address <…>") needs an extension that the server does not offer.
outcome extension_missing(const std::string& server, const std::string& extension, const std::string& what,
                          const std::string& enhanced_status);
// No connection came free before the port's service window ended.
outcome not_begun(const std::string& server);
outcome body_trouble(const std::string& why);
outcome audit_trouble(const std::string& why);  // what is sent cannot be recorded: nothing is sent until it can

// What a server said while a session was opened: another one of the operator's may serve us (not where it refused our
// credentials: they would be wrong there, too, and repeated attempts lock accounts).
bool another_server_may_help(const outcome& refused);
outcome joined_trouble(const outcome& first, const outcome& then);  // of two servers: retried where either may be
bool is_too_many_connections(const outcome& refused);

// Which bad moment a 4xx tells of, where it does.
enum class busy_kind : std::uint8_t {
    other = 1,
    greylisting,  // 450 or 451 to a sender that the server has not seen yet: it wants to be asked again, not at once
    rate,         // 4.7.0, 4.7.28 and words like "rate limit": less of everything for a while
    connection_count,  // 421 or 432 4.3.2: too many connections at once
};
busy_kind busy_kind_of(const smtp_reply& reply);
// How long the server wants us to wait: what its text says ("in 300 seconds"), else what is usual; 0 = it does not
// matter.
std::chrono::seconds wait_before_retry(const smtp_reply& reply);
// Not before `wait` is over, where the outcome leaves something to be tried again.
outcome delayed(outcome result, std::chrono::seconds wait, std::int64_t now_unix_ms);

// Results by recipient over all attempts: what earlier ones settled is final and travels in the resume state.
class recipient_ledger {
public:
    // Refusals are forgotten when an operator resumed the message: those recipients are tried again.
    enum class refusals : std::uint8_t { are_kept = 1, are_forgotten };
    recipient_ledger(const std::vector<std::string>& recipients, std::string_view resume_state,
                     refusals earlier = refusals::are_kept);

    std::vector<std::string> open() const;  // those that still have to be sent to
    void refuse(const std::string& address, const smtp_reply& reply);
    void accept(const std::string& address, const smtp_reply& reply);  // the final reply was positive
    outcome settle(const std::string& server) const;
    std::chrono::seconds wait_before_retry() const noexcept { return wait_; }  // the longest that a refusal asked for
    std::string resume_state() const;
    // A failure of the whole attempt, with what earlier attempts settled added.
    outcome add_to(outcome failure) const;

private:
    std::size_t count(verdict what) const;
    std::string account() const;  // who refused, who put it off and with what words, and who has it

    std::vector<recipient_result> results_;  // in the order of the envelope
    std::map<std::string, std::size_t> index_;
    std::chrono::seconds wait_{0};
};

}  // namespace hawser::smtp
