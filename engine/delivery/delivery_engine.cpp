#include "delivery/delivery_engine.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/clock.hpp"
#include "base/live_count.hpp"
#include "base/log.hpp"
#include "base/random_share.hpp"
#include "delivery/active_attempts.hpp"
#include "delivery/box_questions.hpp"
#include "delivery/dispatch_queue.hpp"
#include "delivery/dynamic_transport.hpp"
#include "delivery/port_schedule.hpp"
#include "delivery/result_writer.hpp"
#include "messagebox/message_box.hpp"
#include "pipeline/worker_pool.hpp"

namespace hawser::engine {
namespace {

constexpr std::int64_t claim_again_wait_ms = 1000;  // after the store refused a claim
constexpr std::int64_t look_again_ms = 60 * 1000;   // whatever happens: the wall clock may have been set
constexpr int renewals_a_lease = 3;

}  // namespace

struct delivery_engine::implementation {
    struct admitted_claim {
        std::shared_ptr<const send_port_runtime> port;
        result<chosen_transport> to;
        destination_limits::index destination;
    };

    implementation(message_box& store, clock& time, delivery_options settings, report_function on_report)
        : box(store),
          questions(store),
          clock_source(time),
          options(std::move(settings)),
          report(std::move(on_report)),
          queue(options.body_memory_max),
          results(
              questions, clock_source, [this](const delivery_result& made, bool is_ours) { settle(made, is_ours); },
              [this](const std::string& port) {
                  const std::lock_guard lock(mutex);
                  schedule.wake(port);
                  wake_control();
              },
              options.held_late),
          workers(options.worker_count),
          context{box, questions, workers, clock_source, options.spool_folder} {}

    moment now() const { return {clock_source.monotonic_ms(), clock_source.unix_ms()}; }

    // ---- Control thread ----

    void run() {
        std::unique_lock lock(mutex);
        while (!is_stopping) {
            const std::int64_t next_ms = plan(lock);
            if (is_idle()) {  // by the clock alone, perhaps: a service window has ended
                changed.notify_all();
            }
            if (!is_woken) {
                const std::int64_t wait_ms =
                    std::clamp<std::int64_t>(next_ms - clock_source.monotonic_ms(), 0, look_again_ms);
                changed.wait_for(lock, std::chrono::milliseconds(wait_ms), [this] { return is_woken || is_stopping; });
            }
            is_woken = false;
        }
    }

    // Begins what waits, claims what may be due; answers when it has to run again (monotonic).
    std::int64_t plan(std::unique_lock<std::mutex>& lock) {
        dispatch(lock);
        refresh_due_times(lock);
        offer_refused(lock);
        renew_leases(lock);
        const moment at = now();
        port_schedule::plan made = schedule.make_plan(at, queue.ports_waiting(), destinations);
        const bool was_refused_lately = claim_again_ms > at.monotonic_ms;
        if (!made.claims.empty() && !is_claiming && !was_refused_lately && !queue.is_for_suspect()) {
            claim(std::move(made.claims), at.unix_ms, lock);
        }
        return std::min({made.next_ms, queue.next_ms(), next_dispatch_ms, renew_at_ms, results.next_offer_ms(),
                         was_refused_lately ? claim_again_ms : never_ms});
    }

    void offer_refused(std::unique_lock<std::mutex>& lock) {
        if (results.has_refused()) {
            lock.unlock();
            results.offer_refused();
            lock.lock();
        }
    }

    void claim(std::vector<port_claim> wanted, std::int64_t now_unix_ms, std::unique_lock<std::mutex>& lock) {
        is_claiming = true;
        std::map<std::string, port_schedule::asked_port> asked = schedule.note_asked(wanted);
        lock.unlock();
        questions.claim(std::move(wanted), now_unix_ms,
                        [this, asked = std::move(asked)](result<std::vector<claimed_delivery>> given) {
                            take_claims(asked, std::move(given));
                        });
        lock.lock();
    }

    void take_claims(const std::map<std::string, port_schedule::asked_port>& asked,
                     result<std::vector<claimed_delivery>> given) {
        const std::lock_guard lock(mutex);
        is_claiming = false;
        wake_control();
        if (!given) {
            log::error("the message box refused a claim; it is asked again", {{"error", given.error().text}});
            claim_again_ms = clock_source.monotonic_ms() + claim_again_wait_ms;
            return;
        }
        std::map<std::string, std::uint32_t> counts;
        const std::int64_t now_ms = clock_source.monotonic_ms();
        const bool is_suspect = given->size() == 1 && given->front().crash_count > 0;  // alone, whatever else there is
        for (claimed_delivery& one : *given) {
            ++counts[one.port];
            schedule.note_claimed(one.port, now_ms);
            const std::shared_ptr<const send_port_runtime> port = schedule.runtime(one.port);
            queue.add(std::move(one), port ? port->priority : std::uint8_t{10});
        }
        for (const auto& [name, question] : asked) {
            if (!is_suspect) {
                schedule.note_answered(name, question, counts[name]);
            }
        }
    }

    // Asks the store when ports that have nothing due now will have something.
    void refresh_due_times(std::unique_lock<std::mutex>& lock) {
        while (const std::optional<std::string> name = schedule.take_unknown_due()) {
            const std::uint64_t wake_count = schedule.wake_count(*name);
            lock.unlock();
            const std::optional<std::int64_t> due = box.next_due({*name});
            lock.lock();
            schedule.set_due(*name, wake_count, due);
        }
    }

    // A store that several hosts share gives claims for a time. One that is lost is somebody else's: it is broken off.
    void renew_leases(std::unique_lock<std::mutex>& lock) {
        const std::int64_t lease_ms = box.lease_ms();
        if (lease_ms == 0 || clock_source.monotonic_ms() < renew_at_ms) {
            return;
        }
        renew_at_ms = clock_source.monotonic_ms() + lease_ms / renewals_a_lease;
        std::vector<claim_token> tokens = queue.tokens_waiting();
        const std::vector<claim_token> under_way = active.tokens();
        tokens.insert(tokens.end(), under_way.begin(), under_way.end());
        lock.unlock();
        for (const claim_token& token : tokens) {
            questions.commit({renew_operation{token}}, [this, token](const commit_answer& answer) {
                if (answer.status == commit_status::lost) {
                    drop_lost(token);
                }
            });
        }
        lock.lock();
    }

    void drop_lost(const claim_token& token) {
        std::shared_ptr<attempt> lost;
        {
            const std::lock_guard lock(mutex);
            lost = active.find(token);
            if (const std::optional<std::string> port = lost ? std::nullopt : queue.remove(token)) {
                schedule.note_settled(*port);
                wake_control();
            }
        }
        if (lost) {
            log::warning("the claim ran out, so another host may have the message: sending it is broken off",
                         {{"port", lost->port().name}, {"message", lost->claim().message_id}});
            workers.post([lost] { lost->cancel(); });
        }
    }

    // ---- Attempts ----

    void dispatch(std::unique_lock<std::mutex>& lock) {
        next_dispatch_ms = never_ms;
        std::vector<std::pair<std::string, release_operation>> given_back;  // by port
        const auto admit = [this](const claimed_delivery& claim) { return admit_one(claim); };
        while (std::optional<dispatch_queue::taken> taken = queue.take(clock_source.monotonic_ms(), admit)) {
            if (taken->is_given_back) {
                schedule.note_settled(taken->claim.port);
                given_back.emplace_back(taken->claim.port,
                                        release_operation{taken->claim.token, give_back_until_unix_ms});
            } else {
                begin(std::move(taken->claim));
            }
        }
        if (given_back.empty()) {
            return;
        }
        lock.unlock();
        for (auto& [port, release] : given_back) {
            results.give_back(release, std::move(port));
        }
        lock.lock();
    }

    // Whether the attempt may begin now: then `admitted` has what it begins with. If it is given back,
    // give_back_until_unix_ms says until when (0 = at once).
    admission admit_one(const claimed_delivery& claim) {
        std::shared_ptr<const send_port_runtime> port = schedule.runtime(claim.port);
        give_back_until_unix_ms = 0;
        if (!port || !schedule.is_started(claim.port)) {
            return admission::give_back;
        }
        const moment at = now();
        result<chosen_transport> to = choose_transport(*port, claim.context, claim.state.is_on_backup);
        if (claim.state.is_on_backup && to && to->transport->window) {
            if (const window_state window = state_of(*to->transport->window, at.unix_ms); !window.is_open) {
                give_back_until_unix_ms = window.until_unix_ms;
                return admission::give_back;
            }
        }
        const destination_limits::index destination = to ? destinations.find(to->location) : std::nullopt;
        if (destinations.room(destination, at.monotonic_ms) > 0) {
            admitted.emplace(admitted_claim{std::move(port), std::move(to), destination});
            return admission::begin;
        }
        const std::int64_t next_ms = destinations.next_ms(destination, at.monotonic_ms);
        // On a dynamic port others may go elsewhere; those in order wait here, because one given back could be passed
        // by its successor. Of those in order by location there is one for each location.
        if (port->is_dynamic && !port->is_ordered) {
            give_back_until_unix_ms = at.unix_ms + std::max<std::int64_t>(1, next_ms - at.monotonic_ms);
            return admission::give_back;
        }
        next_dispatch_ms = std::min(next_dispatch_ms, next_ms);
        return port->is_ordered_by_location ? admission::wait_alone : admission::wait;
    }

    // The claim that was admitted last.
    void begin(claimed_delivery claim) {
        const moment at = now();
        const auto [port, to, destination] = *std::exchange(admitted, std::nullopt);
        active_attempt entry{nullptr, claim.token, to ? to->location : "", destination};
        destinations.begin(entry.destination, at.monotonic_ms);
        std::optional<error> refusal = to ? reason_to_give_up(*port, claim, at.unix_ms) : to.error();
        entry.one = make_attempt(port, to ? *to : chosen_transport{&port->primary, ""}, std::move(claim));
        active.add(entry);
        workers.post([one = entry.one, refusal = std::move(refusal)] {
            refusal ? one->give_up(refusal->code, refusal->text) : one->begin();
        });
    }

    // Whoever lets go of an attempt last may be a thread of its adapter, which must not end up destroying the adapter
    // it runs in: stop() waits until every attempt is gone, and only then do the ports go.
    std::shared_ptr<attempt> make_attempt(std::shared_ptr<const send_port_runtime> port, chosen_transport to,
                                          claimed_delivery claim) {
        auto made = std::make_unique<attempt>(
            context, std::move(port), std::move(to), std::move(claim),
            [this](attempt& done, const delivery_outcome& outcome) { finish(done, outcome); });
        attempts_held.add();
        return {made.release(), [this](attempt* gone) {
                    delete gone;
                    attempts_held.remove();
                }};
    }

    // ---- Results ----

    void finish(attempt& done, const delivery_outcome& outcome) {
        give_up_body_memory(done.claim().token);
        try {
            write_result(done, outcome, options.route);
        } catch (const std::exception& failure) {  // without a result it would be active until the next start
            delivery_outcome again = internal_failure("the outcome could not be written down", failure);
            again.was_cancelled = outcome.was_cancelled;
            write_result(done, again, {});
        }
    }

    void write_result(attempt& done, const delivery_outcome& outcome, const route_function& route) {
        const std::int64_t now_unix_ms = clock_source.unix_ms();
        const claimed_delivery& claim = done.claim();
        const std::string label = done.to().label();
        const attempt_state state = done.state();
        decision made = decide(
            {done.port(), *done.to().transport, label, state, claim.published_unix_ms, now_unix_ms, random_share()},
            outcome);
        if (outcome.is_endpoint_down && made.what != decision::kind::complete) {
            const std::lock_guard lock(mutex);
            schedule.note_endpoint_down(done.port(), clock_source.monotonic_ms(), outcome.text);
        }
        const auto write = [&] {
            results.write(make_delivery_result(done, outcome, std::move(made), now_unix_ms, route));
        };
        if (route && done.port().tells_others() && options.while_routing_stands) {
            options.while_routing_stands(write);
        } else {
            write();
        }
    }

    // The body's ring is gone, whenever the result is on the disk: others need not wait for that.
    void give_up_body_memory(const claim_token& token) {
        const std::lock_guard lock(mutex);
        queue.ended(token);
        if (queue.has_waiting()) {
            wake_control();
        }
    }

    void settle(const delivery_result& made, bool is_ours) {
        if (is_ours) {
            report(made.told);
        }
        std::optional<active_attempt> gone;  // destroyed after the lock is given up
        const std::lock_guard lock(mutex);
        if ((gone = active.take(made.token))) {
            destinations.end(gone->destination);
        }
        schedule.note_settled(made.told.port);
        for (const std::string& port : made.woken_ports) {
            schedule.wake(port);
        }
        wake_control();
    }

    void wake_control() {
        is_woken = true;
        changed.notify_all();
    }

    // ---- The stop ----

    void end(std::int64_t grace_ms) {
        std::unique_lock lock(mutex);
        is_stopping = true;
        wake_control();
        if (!control.joinable()) {
            return;
        }
        lock.unlock();
        control.join();
        box.on_due({});
        lock.lock();
        changed.wait(lock, [this] { return !is_claiming; });
        give_back_untried(lock);
        drain_or_cancel(lock, grace_ms);
        active_attempts without_result = std::exchange(active, {});
        lock.unlock();
        without_result = {};
        workers.stop();
        attempts_held.wait_until_none();
    }

    bool is_idle() const {
        return is_stopping || (queue.is_empty() && active.is_empty() && !is_claiming && !results.has_refused() &&
                               results.has_given_back_all() && schedule.is_idle());
    }

    void give_back_untried(std::unique_lock<std::mutex>& lock) {
        for (const claimed_delivery& one : queue.take_all()) {
            lock.unlock();
            results.give_back(release_operation{one.token}, one.port);
            lock.lock();
        }
    }

    // True once nothing is active. The control thread is gone: what the store refuses now is offered again from here,
    // or a message that was delivered would be sent once more after the next start, and one that was not tried count a
    // crash.
    bool drain(std::unique_lock<std::mutex>& lock, std::int64_t wait_ms) {
        const std::int64_t end_ms = clock_source.monotonic_ms() + wait_ms;
        while (!(active.is_empty() && results.has_given_back_all()) && clock_source.monotonic_ms() < end_ms) {
            offer_refused(lock);
            const std::int64_t left_ms = std::min(end_ms, results.next_offer_ms()) - clock_source.monotonic_ms();
            changed.wait_for(lock, std::chrono::milliseconds(left_ms), [this] { return is_woken; });
            is_woken = false;
        }
        return active.is_empty();
    }

    void drain_or_cancel(std::unique_lock<std::mutex>& lock, std::int64_t grace_ms) {
        if (drain(lock, grace_ms)) {
            return;
        }
        std::vector<std::shared_ptr<attempt>> left = active.all();
        log::warning("the grace time is over: attempts are cancelled", {{"count", std::to_string(left.size())}});
        lock.unlock();
        for (const std::shared_ptr<attempt>& one : left) {
            one->cancel();
        }
        left.clear();  // without the lock: the last holder of an attempt waits for its adapter's callbacks
        lock.lock();
        if (!drain(lock, options.cancel_wait_ms)) {
            log::error(
                "attempts have no result, though they were cancelled: their adapters go on, or the message box "
                "takes none; at the next start they count as crashed",
                {{"count", std::to_string(active.size())}});
        }
        while (!active.have_ended()) {  // an adapter uses its attempt until it has completed it, however late
            drain(lock, options.cancel_wait_ms);
        }
    }

    message_box& box;
    box_questions questions;
    clock& clock_source;
    delivery_options options;
    report_function report;

    live_count attempts_held;

    std::mutex mutex;  // over all that follows
    std::condition_variable changed;
    port_schedule schedule;
    destination_limits destinations;
    dispatch_queue queue;
    result_writer results;
    active_attempts active;
    std::int64_t claim_again_ms = 0;           // the store refused a claim
    std::int64_t next_dispatch_ms = never_ms;  // when a destination may have room again
    std::int64_t renew_at_ms = never_ms;
    std::int64_t give_back_until_unix_ms = 0;
    std::optional<admitted_claim> admitted;
    bool is_claiming = false;
    bool is_woken = false;
    bool is_stopping = false;

    worker_pool workers;
    attempt_context context;
    std::thread control;
};

delivery_engine::delivery_engine(message_box& box, clock& time, delivery_options options, report_function report)
    : implementation_(std::make_unique<implementation>(box, time, std::move(options), std::move(report))) {
    implementation_->renew_at_ms = box.lease_ms() == 0 ? never_ms : 0;
}

delivery_engine::~delivery_engine() { stop(0); }

void delivery_engine::set_port(std::shared_ptr<const send_port_runtime> port, bool is_started) {
    const std::lock_guard lock(implementation_->mutex);
    implementation_->schedule.set_port(std::move(port), is_started);
    implementation_->wake_control();
}

void delivery_engine::set_started(const std::string& port, bool is_started) {
    const std::lock_guard lock(implementation_->mutex);
    implementation_->schedule.set_started(port, is_started);
    implementation_->wake_control();
}

void delivery_engine::remove_port(const std::string& port) {
    const std::lock_guard lock(implementation_->mutex);
    implementation_->schedule.remove_port(port);
    implementation_->wake_control();
}

void delivery_engine::set_destinations(const std::vector<destination_limit>& limits) {
    const std::lock_guard lock(implementation_->mutex);
    implementation_->destinations = destination_limits(limits);
    implementation_->active.count_in(implementation_->destinations, implementation_->clock_source.monotonic_ms());
    implementation_->wake_control();
}

void delivery_engine::wake(const std::string& port) {
    const std::lock_guard lock(implementation_->mutex);
    if (implementation_->schedule.wake(port)) {
        implementation_->wake_control();
    }
}

std::string delivery_engine::note(const std::string& port) {
    const std::lock_guard lock(implementation_->mutex);
    return implementation_->schedule.note(port, implementation_->now());
}

void delivery_engine::start() {
    implementation_->box.on_due([this](const std::string& port) { wake(port); });
    implementation_->control = std::thread([this] { implementation_->run(); });
}

void delivery_engine::wait_until_idle() {
    std::unique_lock lock(implementation_->mutex);
    implementation_->changed.wait(lock, [this] { return implementation_->is_idle(); });
}

void delivery_engine::stop(std::int64_t grace_ms) {
    implementation_->end(grace_ms);
    implementation_->questions.wait_until_answered();
}

}  // namespace hawser::engine
