#include "delivery/retry_policy.hpp"

#include <algorithm>
#include <cmath>

namespace hawser::engine {
namespace {

constexpr double wait_max_ms = 366.0 * 24 * 3600 * 1000;  // a year, BizTalk's longest interval

bool has_recipient(const delivery_outcome& outcome, verdict which) {
    return std::any_of(outcome.recipients.begin(), outcome.recipients.end(),
                       [which](const recipient_outcome& one) { return one.verdict == which; });
}

// Spec section 4: with ordered delivery and without stop-on-failure only the failed one is put aside, for good.
bool is_resumable(const send_port_runtime& port) { return !port.is_ordered || port.stops_on_failure; }

decision suspend(const send_port_runtime& port, attempt_state state, const delivery_outcome& outcome,
                 const std::string& note) {
    decision made;
    made.what = decision::kind::suspend;
    made.is_resumable = is_resumable(port);
    made.state = std::move(state);
    made.code = outcome.code;
    made.text = outcome.text + note;
    return made;
}

// Recipients that have the message must not get it again through another transport, which knows nothing of them. Where
// the outcome tells nothing of them, what was stored before is the only sign.
bool may_be_partly_delivered(const attempt_facts& facts, const attempt_state& state, const delivery_outcome& outcome) {
    const bool tells_nothing = outcome.recipients.empty() && outcome.resume_state.empty();
    const bool has_earlier_state = !state.resume_state.empty() && state.resume_scope == facts.transport_label;
    return outcome.has_lost_state || has_recipient(outcome, verdict::delivered) || (tells_nothing && has_earlier_state);
}

decision try_backup_or_suspend(const attempt_facts& facts, attempt_state state, const delivery_outcome& outcome,
                               const std::string& note) {
    const send_port_runtime& port = facts.port;
    if (state.is_on_backup || !port.backup || outcome.is_corrupt || port.is_ordered ||
        may_be_partly_delivered(facts, state, outcome)) {
        return suspend(port, std::move(state), outcome, note);
    }
    decision made;
    made.what = decision::kind::reschedule;
    made.due_unix_ms = facts.now_unix_ms;
    made.state = std::move(state);
    made.state.is_on_backup = true;
    made.state.attempt = 0;
    made.state.resume_state.clear();
    made.state.resume_scope.clear();
    return made;
}

}  // namespace

std::int64_t retry_wait_ms(const transport_runtime& transport, std::uint32_t attempt, double random) {
    const retry_backoff& backoff = transport.backoff;
    const double most = backoff.interval_max_ms > 0 ? static_cast<double>(backoff.interval_max_ms) : wait_max_ms;
    const double grown = static_cast<double>(transport.retry_interval_ms) *
                         std::pow(backoff.factor, static_cast<double>(attempt == 0 ? 0 : attempt - 1));
    // Spread over what jitter allows below the longest wait, rather than cut there: the messages would meet at it.
    const double shortest = std::min(grown, most) * (1 - backoff.jitter);
    const double longest = std::min(grown * (1 + backoff.jitter), most);
    return static_cast<std::int64_t>(std::clamp(std::lerp(shortest, longest, random), 0.0, wait_max_ms));
}

bool is_expired(const send_port_runtime& port, const claimed_delivery& claim, std::int64_t now_unix_ms) {
    return port.maximum_age_ms > 0 && claim.state.total_attempts == 0 && !claim.was_resumed &&
           now_unix_ms > claim.published_unix_ms + port.maximum_age_ms;
}

std::optional<error> reason_to_give_up(const send_port_runtime& port, const claimed_delivery& claim,
                                       std::int64_t now_unix_ms) {
    const std::string once_more = is_resumable(port) ? "resume it" : "submit it again";
    if (claim.crash_count >= crash_count_max) {
        return error{"delivery.crashed", "the host died " + std::to_string(claim.crash_count) +
                                             " times while this message was being sent: look for what in it a plugin "
                                             "cannot take, then " +
                                             once_more};
    }
    if (is_expired(port, claim, now_unix_ms)) {
        return error{"delivery.expired", "the message was older than the port's maximumAge before it could be sent: " +
                                             once_more + " to send it all the same, or terminate it"};
    }
    return std::nullopt;
}

decision decide(const attempt_facts& facts, const delivery_outcome& outcome) {
    attempt_state next = facts.state;
    if (!outcome.resume_state.empty()) {
        next.resume_state = outcome.resume_state;
        next.resume_scope = facts.transport_label;
    }
    decision made;
    if (outcome.verdict == verdict::delivered) {
        // A recipient refused on an earlier attempt travels in the resume state and comes back in the results.
        if (has_recipient(outcome, verdict::failed)) {
            return suspend(facts.port, std::move(next), outcome, "");
        }
        made.what = decision::kind::complete;
        return made;
    }
    made.what = decision::kind::reschedule;
    if ((outcome.was_cancelled || outcome.is_not_begun) && !outcome.has_lost_state) {
        made.due_unix_ms = std::max(facts.now_unix_ms, outcome.is_not_begun ? outcome.not_before_unix_ms : 0);
        made.state = std::move(next);
        return made;
    }
    ++next.attempt;
    ++next.total_attempts;
    const bool may_retry =
        !outcome.has_lost_state && (outcome.verdict == verdict::retry ||
                                    (outcome.verdict == verdict::partial && has_recipient(outcome, verdict::retry)));
    if (!may_retry || next.attempt > facts.transport.retry_count) {
        return try_backup_or_suspend(facts, std::move(next), outcome, "");
    }
    made.due_unix_ms = std::max(facts.now_unix_ms + retry_wait_ms(facts.transport, next.attempt, facts.random),
                                outcome.not_before_unix_ms);
    if (facts.port.maximum_age_ms > 0 && made.due_unix_ms > facts.published_unix_ms + facts.port.maximum_age_ms) {
        return try_backup_or_suspend(facts, std::move(next), outcome,
                                     " (not tried again: it would be past the port's maximumAge by then)");
    }
    made.state = std::move(next);
    return made;
}

}  // namespace hawser::engine
