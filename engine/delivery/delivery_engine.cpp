#include "delivery/delivery_engine.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "delivery/attempt.hpp"
#include "delivery/retry_policy.hpp"
#include "messagebox/message_box.hpp"
#include "pipeline/worker_pool.hpp"

namespace hawser::engine {
namespace {

constexpr std::int64_t endpoint_hold_max_ms = 60 * 1000;  // a port whose endpoint is down is tried again this often
constexpr std::int64_t suspect_wait_max_ms =
    30 * 1000;                                 // one that was in flight in a crash runs alone for this long at most
constexpr std::int64_t store_retry_ms = 1000;  // a refused claim or result is offered again after this
constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t claim_count_max = 256;  // of one claim over all ports

// What an attempt may hold of the budget: its ring, or less where the whole body is known to be small.
std::size_t memory_of(const claimed_delivery& claim) {
    std::uint64_t size = 0;
    for (const part_info& part : claim.parts) {
        size += part.size;
    }
    return static_cast<std::size_t>(std::min<std::uint64_t>(pump_ring_size, 2 * size + 16 * 1024));
}

}  // namespace

struct delivery_engine::implementation {
    struct port_entry {
        std::shared_ptr<const send_port_runtime> runtime;
        bool is_started = false;
        bool may_be_due = true;
        bool has_later = true;              // something may be queued with a later due time
        std::int64_t next_due_unix_ms = 0;  // when has_later: not before
        std::int64_t held_until_ms = 0;     // monotonic; the endpoint is down
        std::string hold_reason;
        std::uint64_t wake_count = 0;
        std::uint32_t in_flight = 0;  // claimed and not yet answered durably
    };
    struct waiting_claim {
        claimed_delivery claim;
        std::size_t memory = 0;
    };

    implementation(message_box& store, clock& time, delivery_options settings, report_function on_report)
        : box(store),
          clock_source(time),
          options(std::move(settings)),
          report(std::move(on_report)),
          workers(options.worker_count),
          context{box, workers, clock_source, options.spool_folder} {}

    // ---- Control thread ----

    void run() {
        std::unique_lock lock(mutex);
        while (!is_stopping) {
            const std::int64_t next = plan(lock);
            if (is_woken) {
                is_woken = false;
                continue;
            }
            const std::int64_t wait_ms = std::clamp<std::int64_t>(next - clock_source.monotonic_ms(), 0, 60 * 1000);
            wake.wait_for(lock, std::chrono::milliseconds(next == never ? 60 * 1000 : wait_ms),
                          [this] { return is_woken || is_stopping; });
            is_woken = false;
        }
    }

    // Starts what waits, claims what may be due; answers when it has to run again (monotonic ms).
    std::int64_t plan(std::unique_lock<std::mutex>& lock) {
        dispatch();
        refresh_due_times(lock);
        offer_refused_results(lock);
        std::vector<port_claim> wanted;
        const std::int64_t now_ms = clock_source.monotonic_ms();
        const std::int64_t now_unix_ms = clock_source.unix_ms();
        std::int64_t next = retry_claim_at_ms > now_ms ? retry_claim_at_ms : never;
        std::size_t count = 0;
        for (auto& [name, port] : ports) {
            if (!port.is_started || !port.runtime) {
                continue;
            }
            if (port.held_until_ms > now_ms) {
                next = std::min(next, port.held_until_ms);
                continue;
            }
            if (!port.may_be_due && port.has_later) {
                if (port.next_due_unix_ms <= now_unix_ms) {
                    port.may_be_due = true;
                } else if (port.next_due_unix_ms != never) {
                    next = std::min(next, now_ms + (port.next_due_unix_ms - now_unix_ms));
                }
            }
            const std::uint32_t limit = port.runtime->is_ordered ? 1 : port.runtime->in_flight_max;
            if (port.may_be_due && port.in_flight < limit && count < claim_count_max) {
                wanted.push_back({name, limit - port.in_flight, port.runtime->is_ordered});
                count += limit - port.in_flight;
            }
        }
        if (!wanted.empty() && !is_claiming && !suspect && retry_claim_at_ms <= now_ms && waiting.empty()) {
            claim(std::move(wanted), now_unix_ms, lock);
        }
        if (suspect) {
            next = std::min(next, suspect_until_ms);
            if (now_ms >= suspect_until_ms) {
                suspect.reset();  // it did not end the process at once: the others need not wait any longer
                is_woken = true;
            }
        }
        return next;
    }

    void claim(std::vector<port_claim> wanted, std::int64_t now_unix_ms, std::unique_lock<std::mutex>& lock) {
        is_claiming = true;
        std::map<std::string, std::pair<std::uint64_t, std::uint32_t>> asked;
        for (const port_claim& one : wanted) {
            asked[one.port] = {ports[one.port].wake_count, one.count_max};
        }
        lock.unlock();
        box.claim(std::move(wanted), now_unix_ms,
                  [this, asked = std::move(asked)](result<std::vector<claimed_delivery>> given) {
                      take_claims(asked, std::move(given));
                  });
        lock.lock();
    }

    void take_claims(const std::map<std::string, std::pair<std::uint64_t, std::uint32_t>>& asked,
                     result<std::vector<claimed_delivery>> given) {
        const std::lock_guard lock(mutex);
        is_claiming = false;
        wake_control();
        if (!given) {
            log::error("the message box refused a claim; it is asked again", {{"error", given.error().text}});
            retry_claim_at_ms = clock_source.monotonic_ms() + store_retry_ms;
            return;
        }
        std::map<std::string, std::uint32_t> counts;
        bool has_suspect = false;
        for (claimed_delivery& one : *given) {
            ++counts[one.port];
            ++ports[one.port].in_flight;
            has_suspect = has_suspect || one.crash_count > 0;
            const std::size_t memory = memory_of(one);
            waiting.push_back({std::move(one), memory});
        }
        for (const auto& [name, wish] : asked) {
            port_entry& port = ports[name];
            if (counts[name] < wish.second && port.wake_count == wish.first && !has_suspect) {
                port.may_be_due = false;
                port.has_later = true;
                stale_due_times.insert(name);
            }
        }
    }

    void offer_refused_results(std::unique_lock<std::mutex>& lock) {
        if (refused_results.empty() || retry_claim_at_ms > clock_source.monotonic_ms()) {
            return;
        }
        auto again = std::exchange(refused_results, {});
        lock.unlock();
        for (auto& [result_operation, told] : again) {
            write_result(std::move(result_operation), std::move(told));
        }
        lock.lock();
    }

    // Asks the store when ports that have nothing due now will have something.
    void refresh_due_times(std::unique_lock<std::mutex>& lock) {
        while (!stale_due_times.empty()) {
            const std::string name = *stale_due_times.begin();
            stale_due_times.erase(stale_due_times.begin());
            const std::uint64_t wake_count = ports[name].wake_count;
            lock.unlock();
            const std::optional<std::int64_t> due = box.next_due({name});
            lock.lock();
            port_entry& port = ports[name];
            if (port.wake_count == wake_count) {
                port.has_later = due.has_value();
                port.next_due_unix_ms = due.value_or(never);
            }
        }
    }

    // ---- Attempts ----

    void dispatch() {
        while (!waiting.empty()) {
            waiting_claim& next = waiting.front();
            const bool is_suspect = next.claim.crash_count > 0;
            const bool fits = memory_used == 0 || memory_used + next.memory <= options.body_memory_max;
            if (!fits || suspect || (is_suspect && !active.empty())) {
                return;
            }
            std::shared_ptr<attempt> one = make_attempt(std::move(next.claim));
            const delivery_id id = one->claim().token.delivery;
            active[id] = {one, next.memory};
            memory_used += next.memory;
            waiting.pop_front();
            if (is_suspect) {
                suspect = id;
                suspect_until_ms = clock_source.monotonic_ms() + suspect_wait_max_ms;
            }
            if (one->claim().crash_count >= crash_count_max) {
                workers.post([this, one] { suspend_crashed(*one); });
            } else {
                workers.post([one] { one->begin(); });
            }
        }
    }

    // Whoever lets go of an attempt last may be a thread of its adapter, which must not end up destroying the adapter
    // it runs in: stop() waits until every attempt is gone, and only then do the ports go.
    std::shared_ptr<attempt> make_attempt(claimed_delivery claim) {
        const std::shared_ptr<const send_port_runtime> port = ports[claim.port].runtime;
        {
            const std::lock_guard lock(live_mutex);
            ++live_count;
        }
        return {new attempt(context, port, std::move(claim),
                            [this](attempt& done, delivery_outcome outcome) { finish(done, std::move(outcome)); }),
                [this](attempt* gone) {
                    delete gone;
                    const std::lock_guard lock(live_mutex);
                    --live_count;
                    live_changed.notify_all();
                }};
    }

    void suspend_crashed(attempt& one) {
        delivery_outcome outcome;
        outcome.verdict = verdict::failed;
        outcome.is_corrupt = true;
        outcome.code = "delivery.crashed";
        outcome.text =
            "the host died " + std::to_string(one.claim().crash_count) +
            " times while this message was being sent: look for what in it a plugin cannot take, then resume it";
        finish(one, std::move(outcome));
    }

    void finish(attempt& done, delivery_outcome outcome) {
        const std::int64_t now_unix_ms = clock_source.unix_ms();
        const decision made = decide(done.port(), done.claim().state, outcome, now_unix_ms);
        attempt_record record;
        record.attempt = done.claim().state.total_attempts + 1;
        record.started_unix_ms = done.started_unix_ms() == 0 ? now_unix_ms : done.started_unix_ms();
        record.ended_unix_ms = now_unix_ms;
        record.transport = done.transport_label();
        record.verdict = outcome.was_cancelled ? "cancelled" : std::string(name_of(outcome.verdict));
        record.code = outcome.code;
        record.text = outcome.text;
        delivery_report told;
        told.delivery = done.claim().token.delivery;
        told.message_id = done.claim().message_id;
        told.port = done.port().name;
        told.code = outcome.code;
        told.text = outcome.text;
        told.attempts = record.attempt;
        told.recipients = outcome.recipients;
        if (outcome.is_endpoint_down && made.what != decision::kind::complete) {
            hold(done.port(), outcome.text);
        }
        operation result_operation = make_operation(done.claim().token, made, std::move(record), told);
        write_result(std::move(result_operation), std::move(told));
    }

    static operation make_operation(const claim_token& token, const decision& made, attempt_record record,
                                    delivery_report& told) {
        switch (made.what) {
        case decision::kind::complete: told.state = "delivered"; return complete_operation{token, std::move(record)};
        case decision::kind::reschedule:
            told.state = "retrying";
            told.next_attempt_unix_ms = made.due_unix_ms;
            return reschedule_operation{token, made.due_unix_ms, made.state, std::move(record)};
        case decision::kind::suspend: break;
        }
        told.state = "suspended";
        return suspend_operation{token, made.is_resumable, made.code, made.text, made.state, std::move(record)};
    }

    void write_result(operation result_operation, delivery_report told) {
        std::vector<operation> batch;
        batch.push_back(result_operation);
        box.commit(std::move(batch), [this, result_operation = std::move(result_operation),
                                      told = std::move(told)](const commit_answer& answer) {
            if (answer.status == commit_status::refused) {
                log::error("the message box refused a result; it is offered again",
                           {{"message", told.message_id}, {"error", answer.text}});
                const std::lock_guard lock(mutex);
                refused_results.emplace_back(result_operation, told);
                retry_claim_at_ms = clock_source.monotonic_ms() + store_retry_ms;
                wake_control();
                return;
            }
            settle(told, answer.status == commit_status::done);
        });
    }

    void settle(const delivery_report& told, bool is_ours) {
        if (is_ours) {
            log_result(told);
            report(told);
        }
        const std::lock_guard lock(mutex);
        const auto found = active.find(told.delivery);
        if (found != active.end()) {
            memory_used -= found->second.memory;
            active.erase(found);
        }
        port_entry& port = ports[told.port];
        --port.in_flight;
        ++port.wake_count;
        port.may_be_due = true;
        if (suspect == told.delivery) {
            suspect.reset();
        }
        wake_control();
    }

    static void log_result(const delivery_report& told) {
        if (told.state == "delivered") {
            log::info("delivered", {{"port", told.port},
                                    {"message", told.message_id},
                                    {"attempt", std::to_string(told.attempts)},
                                    {"text", told.text}});
            return;
        }
        log::warning(told.state == "retrying" ? "will be retried" : "suspended",
                     {{"port", told.port},
                      {"message", told.message_id},
                      {"attempt", std::to_string(told.attempts)},
                      {"code", told.code},
                      {"text", told.text},
                      {"next", told.state == "retrying" ? "another attempt follows by itself"
                                                        : "hawser messages show " + std::to_string(told.delivery)}});
    }

    void hold(const send_port_runtime& runtime, const std::string& reason) {
        const std::lock_guard lock(mutex);
        port_entry& port = ports[runtime.name];
        const std::int64_t wait_ms = std::min(runtime.primary.retry_interval_ms, endpoint_hold_max_ms);
        port.held_until_ms = clock_source.monotonic_ms() + wait_ms;
        port.hold_reason = reason;
    }

    void wake_control() {
        is_woken = true;
        wake.notify_all();
    }

    message_box& box;
    clock& clock_source;
    delivery_options options;
    report_function report;
    worker_pool workers;
    attempt_context context;

    struct active_entry {
        std::shared_ptr<attempt> one;
        std::size_t memory = 0;
    };
    std::mutex live_mutex;
    std::condition_variable live_changed;
    std::size_t live_count = 0;  // attempts that somebody still holds
    std::mutex mutex;
    std::condition_variable wake;
    std::map<std::string, port_entry> ports;
    std::deque<waiting_claim> waiting;  // claimed, not begun: memory or a suspect holds them back
    std::map<delivery_id, active_entry> active;
    std::set<std::string> stale_due_times;
    std::deque<std::pair<operation, delivery_report>> refused_results;
    std::optional<delivery_id> suspect;
    std::int64_t suspect_until_ms = 0;
    std::int64_t retry_claim_at_ms = 0;
    std::size_t memory_used = 0;
    bool is_claiming = false;
    bool is_woken = false;
    bool is_stopping = false;
    std::thread control;
};

delivery_engine::delivery_engine(message_box& box, clock& time, delivery_options options, report_function report)
    : implementation_(std::make_unique<implementation>(box, time, std::move(options), std::move(report))) {}

delivery_engine::~delivery_engine() { stop(0); }

void delivery_engine::set_port(std::shared_ptr<const send_port_runtime> port, bool is_started) {
    const std::lock_guard lock(implementation_->mutex);
    implementation::port_entry& entry = implementation_->ports[port->name];
    entry.runtime = std::move(port);
    entry.is_started = is_started;
    entry.may_be_due = true;
    ++entry.wake_count;
    implementation_->wake_control();
}

void delivery_engine::set_started(const std::string& port, bool is_started) {
    const std::lock_guard lock(implementation_->mutex);
    implementation::port_entry& entry = implementation_->ports[port];
    entry.is_started = is_started;
    entry.may_be_due = true;
    entry.held_until_ms = 0;
    ++entry.wake_count;
    implementation_->wake_control();
}

void delivery_engine::wake(const std::string& port) {
    const std::lock_guard lock(implementation_->mutex);
    implementation::port_entry& entry = implementation_->ports[port];
    ++entry.wake_count;
    if (!entry.may_be_due) {
        entry.may_be_due = true;
        implementation_->wake_control();
    }
}

std::string delivery_engine::note(const std::string& port) {
    const std::lock_guard lock(implementation_->mutex);
    const implementation::port_entry& entry = implementation_->ports[port];
    return entry.held_until_ms > implementation_->clock_source.monotonic_ms() ? "endpoint down: " + entry.hold_reason
                                                                              : "";
}

void delivery_engine::start() {
    implementation_->control = std::thread([this] { implementation_->run(); });
}

void delivery_engine::wait_until_idle() {
    std::unique_lock lock(implementation_->mutex);
    implementation_->wake.wait(lock, [this] {
        implementation& all = *implementation_;
        return all.is_stopping ||
               (all.active.empty() && all.waiting.empty() && !all.is_claiming && all.refused_results.empty() &&
                std::none_of(all.ports.begin(), all.ports.end(), [](const auto& entry) {
                    return entry.second.is_started && entry.second.runtime && entry.second.may_be_due &&
                           entry.second.held_until_ms == 0;
                }));
    });
}

void delivery_engine::stop(std::int64_t grace_ms) {
    implementation& all = *implementation_;
    {
        const std::lock_guard lock(all.mutex);
        all.is_stopping = true;
        all.wake_control();
    }
    if (!all.control.joinable()) {
        return;
    }
    all.control.join();
    std::unique_lock lock(all.mutex);
    all.wake.wait(lock, [&] { return !all.is_claiming; });
    std::deque<implementation::waiting_claim> untried = std::move(all.waiting);
    all.waiting.clear();
    for (const implementation::waiting_claim& one : untried) {
        lock.unlock();
        all.box.commit({release_operation{one.claim.token}}, [](const commit_answer&) {});
        lock.lock();
    }
    const auto is_drained = [&] { return all.active.empty(); };
    if (!all.wake.wait_for(lock, std::chrono::milliseconds(grace_ms), is_drained)) {
        std::vector<std::shared_ptr<attempt>> left;
        for (const auto& [id, entry] : all.active) {
            left.push_back(entry.one);
        }
        log::warning("the grace time is over: attempts are cancelled", {{"count", std::to_string(left.size())}});
        lock.unlock();
        for (const std::shared_ptr<attempt>& one : left) {
            one->cancel();
        }
        lock.lock();
        if (!all.wake.wait_for(lock, std::chrono::milliseconds(all.options.cancel_wait_ms), is_drained)) {
            log::error("attempts did not end when they were cancelled; they count as crashed at the next start",
                       {{"count", std::to_string(all.active.size())}});
        }
    }
    lock.unlock();
    all.workers.stop();
    std::unique_lock live(all.live_mutex);
    all.live_changed.wait_for(live, std::chrono::milliseconds(all.options.cancel_wait_ms),
                              [&] { return all.live_count == 0; });
}

}  // namespace hawser::engine
