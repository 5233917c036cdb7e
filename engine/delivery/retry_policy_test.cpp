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
    decision decide_for(verdict what) { return decide(port, state, outcome_of(what), now_unix_ms); }
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
    CHECK(decide(f.port, f.state, corrupt, now_unix_ms).what == decision::kind::suspend);
    delivery_outcome partial = outcome_of(verdict::partial);
    partial.recipients = {{"a@x", verdict::delivered, 250, "", ""}, {"b@x", verdict::failed, 550, "", ""}};
    CHECK(decide(f.port, f.state, partial, now_unix_ms).what == decision::kind::suspend);
}

TEST_CASE("in partial a transient recipient means retry with the resume state, only refused ones mean suspended") {
    fixture f;
    delivery_outcome partial = outcome_of(verdict::partial);
    partial.resume_state = "D a@x";
    partial.recipients = {{"a@x", verdict::delivered, 250, "", ""}, {"b@x", verdict::retry, 450, "", ""}};
    const decision made = decide(f.port, f.state, partial, now_unix_ms);
    CHECK(made.what == decision::kind::reschedule);
    CHECK(made.state.resume_state == "D a@x");
    CHECK(made.state.resume_scope == "TEST test:a");
    partial.recipients[1].verdict = verdict::failed;
    CHECK(decide(f.port, f.state, partial, now_unix_ms).what == decision::kind::suspend);
}

TEST_CASE("the far side's earliest time counts where it is later, and a cancelled attempt does not count") {
    fixture f;
    delivery_outcome later = outcome_of(verdict::retry);
    later.not_before_unix_ms = now_unix_ms + 60000;
    CHECK(decide(f.port, f.state, later, now_unix_ms).due_unix_ms == now_unix_ms + 60000);
    delivery_outcome cancelled = outcome_of(verdict::retry);
    cancelled.was_cancelled = true;
    CHECK(decide(f.port, f.state, cancelled, now_unix_ms).state.total_attempts == 0);
}

TEST_CASE("on an ordered port a failure is not resumable unless the port stops on failure (spec section 4)") {
    fixture f;
    f.port.is_ordered = true;
    CHECK_FALSE(f.decide_for(verdict::failed).is_resumable);
    f.port.stops_on_failure = true;
    CHECK(f.decide_for(verdict::failed).is_resumable);
}
