#include "delivery/retry_policy.hpp"

#include <algorithm>

namespace hawser::engine {
namespace {

bool has_transient_recipient(const delivery_outcome& outcome) {
    return std::any_of(outcome.recipients.begin(), outcome.recipients.end(),
                       [](const recipient_outcome& one) { return one.verdict == verdict::retry; });
}

bool has_refused_recipient(const delivery_outcome& outcome) {
    return std::any_of(outcome.recipients.begin(), outcome.recipients.end(),
                       [](const recipient_outcome& one) { return one.verdict == verdict::failed; });
}

decision suspend(const send_port_runtime& port, attempt_state state, const delivery_outcome& outcome) {
    decision made;
    made.what = decision::kind::suspend;
    // Spec section 4: with ordered delivery and without stop-on-failure only the failed one is put aside, for good.
    made.is_resumable = !port.is_ordered || port.stops_on_failure;
    made.state = std::move(state);
    made.code = outcome.code;
    made.text = outcome.text;
    return made;
}

decision try_backup_or_suspend(const send_port_runtime& port, attempt_state state, const delivery_outcome& outcome,
                               std::int64_t now_unix_ms) {
    // Recipients that have the message must not get it again through another transport, which knows nothing of them.
    const bool is_partly_delivered =
        std::any_of(outcome.recipients.begin(), outcome.recipients.end(),
                    [](const recipient_outcome& one) { return one.verdict == verdict::delivered; });
    if (state.is_on_backup || !port.backup || outcome.is_corrupt || is_partly_delivered || port.is_ordered) {
        return suspend(port, std::move(state), outcome);
    }
    decision made;
    made.what = decision::kind::reschedule;
    made.due_unix_ms = now_unix_ms;
    made.state = std::move(state);
    made.state.is_on_backup = true;
    made.state.attempt = 0;
    made.state.resume_state.clear();
    made.state.resume_scope.clear();
    return made;
}

}  // namespace

decision decide(const send_port_runtime& port, const attempt_state& state, const delivery_outcome& outcome,
                std::int64_t now_unix_ms) {
    const bool is_on_backup = state.is_on_backup && port.backup.has_value();
    const transport_runtime& transport = is_on_backup ? *port.backup : port.primary;
    attempt_state next = state;
    if (!outcome.resume_state.empty()) {
        next.resume_state = outcome.resume_state;
        next.resume_scope = transport.label();
    }
    decision made;
    if (outcome.verdict == verdict::delivered) {
        // A recipient refused on an earlier attempt travels in the resume state and comes back in the results.
        if (has_refused_recipient(outcome)) {
            return suspend(port, std::move(next), outcome);
        }
        made.what = decision::kind::complete;
        return made;
    }
    if (outcome.was_cancelled) {
        made.what = decision::kind::reschedule;
        made.due_unix_ms = now_unix_ms;
        made.state = std::move(next);
        return made;
    }
    ++next.attempt;
    ++next.total_attempts;
    const bool may_retry =
        outcome.verdict == verdict::retry || (outcome.verdict == verdict::partial && has_transient_recipient(outcome));
    if (may_retry && next.attempt <= transport.retry_count) {
        made.what = decision::kind::reschedule;
        made.due_unix_ms = std::max(now_unix_ms + transport.retry_interval_ms, outcome.not_before_unix_ms);
        made.state = std::move(next);
        return made;
    }
    return try_backup_or_suspend(port, std::move(next), outcome, now_unix_ms);
}

}  // namespace hawser::engine
