#include "delivery/retry_policy.hpp"

#include <doctest/doctest.h>

using namespace hawser::engine;

namespace {

constexpr std::int64_t now_unix_ms = 1'000'000;

delivery_outcome outcome_of(verdict what) {
    delivery_outcome outcome;
    outcome.verdict = what;
    outcome.code = "test.code";
    return outcome;
}

struct fixture {
    fixture() {
        port.primary.type = "TEST";
        port.primary.address = "test:a";
        port.primary.retry_count = 2;
        port.primary.retry_interval_ms = 1000;
    }
    void add_backup() {
        port.backup.emplace();
        port.backup->type = "TEST";
        port.backup->address = "test:b";
        port.backup->retry_count = 1;
        port.backup->retry_interval_ms = 500;
    }
    decision decide_for(const delivery_outcome& outcome) {
        const transport_runtime& transport = state.is_on_backup && port.backup ? *port.backup : port.primary;
        const std::string label = transport.label();
        return decide({port, transport, label, state, published_unix_ms, now_unix_ms, random}, outcome);
    }
    decision decide_for(verdict what) { return decide_for(outcome_of(what)); }
    std::int64_t published_unix_ms = now_unix_ms;
    double random = 0.5;
    send_port_runtime port;
    attempt_state state;
};

}  // namespace

TEST_CASE("a retry comes after the interval, as often as the retry count says, and then the message is suspended") {
    fixture f;
    for (int i = 0; i < 2; ++i) {
        const decision made = f.decide_for(verdict::retry);
        CHECK(made.what == decision::kind::reschedule);
        CHECK(made.due_unix_ms == now_unix_ms + 1000);
        f.state = made.state;
    }
    const decision last = f.decide_for(verdict::retry);
    CHECK(last.what == decision::kind::suspend);
    CHECK(last.is_resumable);
    CHECK(last.state.total_attempts == 3);
}

TEST_CASE("a permanent failure skips the retries, and the backup transport has its own") {
    fixture f;
    CHECK(f.decide_for(verdict::failed).what == decision::kind::suspend);
    f.add_backup();
    const decision to_backup = f.decide_for(verdict::failed);
    CHECK(to_backup.what == decision::kind::reschedule);
    CHECK(to_backup.due_unix_ms == now_unix_ms);
    CHECK(to_backup.state.is_on_backup);
    f.state = to_backup.state;
    const decision retry = f.decide_for(verdict::retry);
    CHECK(retry.due_unix_ms == now_unix_ms + 500);
    f.state = retry.state;
    CHECK(f.decide_for(verdict::retry).what == decision::kind::suspend);
}

TEST_CASE("a corrupt message, and one that somebody has already, never go to the backup transport") {
    fixture f;
    f.add_backup();
    delivery_outcome corrupt = outcome_of(verdict::failed);
    corrupt.is_corrupt = true;
    CHECK(f.decide_for(corrupt).what == decision::kind::suspend);
    delivery_outcome partial = outcome_of(verdict::partial);
    partial.recipients = {{"a@x", verdict::delivered, 250, "", ""}, {"b@x", verdict::failed, 550, "", ""}};
    CHECK(f.decide_for(partial).what == decision::kind::suspend);
}

TEST_CASE("where an outcome tells nothing of recipients, what was stored before keeps it from the backup transport") {
    fixture f;
    f.add_backup();
    f.state.resume_state = "D a@x";
    f.state.resume_scope = "TEST test:a";
    CHECK(f.decide_for(verdict::failed).what == decision::kind::suspend);
    CHECK(f.decide_for(verdict::failed).state.resume_state == "D a@x");
    delivery_outcome refused = outcome_of(verdict::failed);
    refused.recipients = {{"a@x", verdict::failed, 550, "", ""}};
    CHECK(f.decide_for(refused).state.is_on_backup);
}

TEST_CASE("a message whose resume state was lost is suspended, for it would go to those that have it") {
    fixture f;
    f.add_backup();
    for (const verdict what : {verdict::retry, verdict::failed}) {
        delivery_outcome outcome = outcome_of(what);
        outcome.has_lost_state = true;
        CHECK(f.decide_for(outcome).what == decision::kind::suspend);
        outcome.was_cancelled = true;
        CHECK(f.decide_for(outcome).what == decision::kind::suspend);
    }
    delivery_outcome delivered = outcome_of(verdict::delivered);
    delivered.has_lost_state = true;
    CHECK(f.decide_for(delivered).what == decision::kind::complete);
}

TEST_CASE("in partial a transient recipient means retry with the resume state, only refused ones mean suspended") {
    fixture f;
    delivery_outcome partial = outcome_of(verdict::partial);
    partial.resume_state = "D a@x";
    partial.recipients = {{"a@x", verdict::delivered, 250, "", ""}, {"b@x", verdict::retry, 450, "", ""}};
    const decision made = f.decide_for(partial);
    CHECK(made.what == decision::kind::reschedule);
    CHECK(made.state.resume_state == "D a@x");
    CHECK(made.state.resume_scope == "TEST test:a");
    partial.recipients[1].verdict = verdict::failed;
    CHECK(f.decide_for(partial).what == decision::kind::suspend);
}

TEST_CASE("the far side's earliest time counts where it is later, and a cancelled attempt does not count") {
    fixture f;
    delivery_outcome later = outcome_of(verdict::retry);
    later.not_before_unix_ms = now_unix_ms + 60000;
    CHECK(f.decide_for(later).due_unix_ms == now_unix_ms + 60000);
    delivery_outcome cancelled = outcome_of(verdict::retry);
    cancelled.was_cancelled = true;
    CHECK(f.decide_for(cancelled).state.total_attempts == 0);
    delivery_outcome not_begun = outcome_of(verdict::retry);
    not_begun.is_not_begun = true;
    CHECK(f.decide_for(not_begun).what == decision::kind::reschedule);
    CHECK(f.decide_for(not_begun).state.total_attempts == 0);
    CHECK(f.decide_for(not_begun).state.attempt == 0);
    CHECK(f.decide_for(not_begun).due_unix_ms == now_unix_ms);
    not_begun.not_before_unix_ms = now_unix_ms + 60000;
    CHECK(f.decide_for(not_begun).due_unix_ms == now_unix_ms + 60000);
}

TEST_CASE("on an ordered port a failure is not resumable unless the port stops on failure (spec section 4)") {
    fixture f;
    f.port.is_ordered = true;
    CHECK_FALSE(f.decide_for(verdict::failed).is_resumable);
    f.port.stops_on_failure = true;
    CHECK(f.decide_for(verdict::failed).is_resumable);
}

TEST_CASE("retry intervals grow by the factor up to the cap, and jitter moves them by its share at most") {
    fixture f;
    f.port.primary.retry_count = 100;
    f.port.primary.backoff = {.factor = 2, .jitter = 0.25, .interval_max_ms = 10'000};
    CHECK(retry_wait_ms(f.port.primary, 1, 0.5) == 1000);
    CHECK(retry_wait_ms(f.port.primary, 3, 0.5) == 4000);
    CHECK(retry_wait_ms(f.port.primary, 1, 0) == 750);
    CHECK(retry_wait_ms(f.port.primary, 1, 1) == 1250);
    f.state.attempt = 2;
    CHECK(f.decide_for(verdict::retry).due_unix_ms == now_unix_ms + 4000);
}

TEST_CASE("no jitter makes a wait longer than the cap, and at the cap waits are still spread") {
    fixture f;
    f.port.primary.backoff = {.factor = 2, .jitter = 0.25, .interval_max_ms = 10'000};
    for (const std::uint32_t attempt : {5U, 1000U}) {  // 2^999 is no overflow
        CHECK(retry_wait_ms(f.port.primary, attempt, 0) == 7'500);
        CHECK(retry_wait_ms(f.port.primary, attempt, 0.5) == 8'750);
        CHECK(retry_wait_ms(f.port.primary, attempt, 1) == 10'000);
    }
    CHECK(retry_wait_ms(f.port.primary, 4, 0.5) == 8'000);
    CHECK(retry_wait_ms(f.port.primary, 4, 1) == 10'000);  // exactly: 8 s and a quarter
    f.port.primary.backoff.jitter = 1;
    CHECK(retry_wait_ms(f.port.primary, 5, 1) == 10'000);
    CHECK(retry_wait_ms(f.port.primary, 5, 0) == 0);
    f.port.primary.backoff.interval_max_ms = 0;  // no cap of its own: the general one
    CHECK(retry_wait_ms(f.port.primary, 1000, 1) == retry_wait_ms(f.port.primary, 2000, 1));
}

TEST_CASE("no retry is made past the maximum age: the backup transport is next, or the message is suspended") {
    fixture f;
    f.port.maximum_age_ms = 5000;
    f.published_unix_ms = now_unix_ms - 3999;
    CHECK(f.decide_for(verdict::retry).what == decision::kind::reschedule);
    f.published_unix_ms = now_unix_ms - 4001;
    const decision made = f.decide_for(verdict::retry);
    CHECK(made.what == decision::kind::suspend);
    CHECK(made.is_resumable);
    CHECK(made.text.find("maximumAge") != std::string::npos);
    f.add_backup();
    CHECK(f.decide_for(verdict::retry).state.is_on_backup);
}

TEST_CASE("a message is expired at its first attempt only: one that an operator resumes is sent whatever its age") {
    fixture f;
    claimed_delivery claim;
    CHECK_FALSE(is_expired(f.port, claim, now_unix_ms));
    f.port.maximum_age_ms = 5000;
    claim.published_unix_ms = now_unix_ms - 5001;
    CHECK(is_expired(f.port, claim, now_unix_ms));
    claim.published_unix_ms = now_unix_ms - 5000;
    CHECK_FALSE(is_expired(f.port, claim, now_unix_ms));
    claim.published_unix_ms = 0;
    claim.was_resumed = true;  // without an attempt: its port was removed
    CHECK_FALSE(is_expired(f.port, claim, now_unix_ms));
    claim.was_resumed = false;
    claim.state.total_attempts = 1;
    CHECK_FALSE(is_expired(f.port, claim, now_unix_ms));
}

TEST_CASE("what is not resumable is not said to be resumed") {
    fixture f;
    f.port.maximum_age_ms = 5000;
    claimed_delivery expired;
    claimed_delivery crashed;
    crashed.crash_count = crash_count_max;
    for (const claimed_delivery& claim : {expired, crashed}) {
        f.port.is_ordered = false;
        CHECK(reason_to_give_up(f.port, claim, now_unix_ms)->text.find("resume it") != std::string::npos);
        f.port.is_ordered = true;
        CHECK(reason_to_give_up(f.port, claim, now_unix_ms)->text.find("resume") == std::string::npos);
        CHECK(reason_to_give_up(f.port, claim, now_unix_ms)->text.find("submit it again") != std::string::npos);
    }
}
