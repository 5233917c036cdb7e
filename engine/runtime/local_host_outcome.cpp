// What becomes of a submission whose outcome is waited for: how long, and what its answer says.
#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "base/clock.hpp"
#include "runtime/box_calls.hpp"
#include "runtime/local_host.hpp"
#include "runtime/order_notes.hpp"
#include "runtime/public_names.hpp"

namespace hawser::engine {
namespace {

using answers = std::vector<delivery_answer>;
using rows = std::vector<delivery_summary>;

constexpr std::chrono::seconds look_interval{1};  // at the box, for what no attempt will tell
constexpr const char* unknown = "unknown";        // the state of one that is neither told of nor stored
constexpr const char* not_known =
    "it is not known what became of it: it left the queue, and nothing of it is kept (tracking); it was delivered, or "
    "an operator terminated it";

constexpr const char* left_the_queue =
    "it has left the queue, and nothing of it is kept (tracking): it was delivered, or an operator terminated it";

bool is_open(const delivery_summary& one) { return one.state < delivery_state::suspended; }

rows rows_of(message_box& box, const std::string& message_id) {
    constexpr std::uint32_t count_max = 100'000;  // one for each port
    return box.list({.message_id = message_id, .count_max = count_max});
}

const delivery_answer* find_told(const answers& told, delivery_id delivery) {
    const auto found = std::find_if(told.begin(), told.end(),
                                    [delivery](const delivery_answer& one) { return one.delivery == delivery; });
    return found == told.end() ? nullptr : &*found;
}

const delivery_summary* find_stored(const rows& stored, delivery_id delivery) {
    const auto found = std::find_if(stored.begin(), stored.end(),
                                    [delivery](const delivery_summary& one) { return one.id == delivery; });
    return found == stored.end() ? nullptr : &*found;
}

bool has_enough(const outcome_waiters::waiter& waiter, const answers& told, delivery_id delivery) {
    const delivery_answer* known = find_told(told, delivery);
    return known != nullptr && waiter.is_enough(*known);
}

// Some are neither told to the end nor open: what ended them may be durable and not told yet.
bool has_ended_untold(const outcome_waiters::waiter& waiter, const std::vector<std::string>& ports, const rows& stored,
                      const answers& told) {
    return std::any_of(ports.begin(), ports.end(), [&](const std::string& port) {
        const bool is_told = std::any_of(told.begin(), told.end(), [&](const delivery_answer& one) {
            return one.port == port && waiter.is_enough(one);
        });
        return !is_told && std::none_of(stored.begin(), stored.end(),
                                        [&](const delivery_summary& one) { return one.port == port && is_open(one); });
    });
}

void conclude(submit_answer& answer) {
    answer.code = answer_code::done;
    for (const delivery_answer& one : answer.deliveries) {
        if (one.state == "suspended" || one.state == "failed" || one.state == "terminated") {
            answer.code = answer_code::suspended;
            answer.text = one.text;
        } else if (one.state != "delivered" && answer.code == answer_code::done) {
            answer.code = answer_code::accepted;
            answer.text = one.text;
        }
    }
}

}  // namespace

std::string local_host::closed_window(const delivery_summary& one) const {
    const std::shared_ptr<const host_generation> current = generation();
    for (const std::shared_ptr<const send_port_runtime>& port : current->ports) {
        // Only one that was tried can have gone over to the backup transport, which has a window of its own.
        if (port->name != one.port || !port->primary.window || (port->backup && one.attempts > 0)) {
            continue;
        }
        const window_state window = state_of(*port->primary.window, system_clock().unix_ms());
        if (!window.is_open) {
            return window.until_unix_ms == std::numeric_limits<std::int64_t>::max()
                       ? "the port's service window never opens"
                       : "the port is outside its service window until " + rfc3339(window.until_unix_ms);
        }
    }
    return {};
}

// That keeps it from its next attempt until an operator or the clock ends it; "" = nothing does.
std::string local_host::reason_to_wait(const delivery_summary& one) const {
    if (!one.held_for.empty()) {
        return "the send port group \"" + one.held_for + "\" is stopped: the message waits until it is started";
    }
    const std::string state = ports_.state(one.port);
    if (state.empty()) {
        return "the port is not in the bindings any more: the message waits until it is there again";
    }
    if (state != "started") {
        return "the port is stopped: the message waits until it is started";
    }
    std::string in_order = order_reason(generation()->bindings(), one);
    return in_order.empty() ? closed_window(one) : in_order;
}

// Its next attempt, by itself.
bool local_host::is_to_come(const delivery_summary& one) const {
    return one.state == delivery_state::active ||
           (is_open(one) && delivers_for(one.port) && reason_to_wait(one).empty());
}

// Only attempts are told of. What an operator, a reload or the clock keeps from one is found in the box.
void local_host::wait_for_outcome(const std::string& message_id, const awaited_outcome& awaited,
                                  const submit_options& options) {
    using std::chrono::steady_clock;
    auto next_look = steady_clock::now() + look_interval;
    const auto is_over = [&] {
        if (options.is_abandoned && options.is_abandoned()) {
            return true;
        }
        if (steady_clock::now() < next_look) {
            return false;
        }
        const rows stored = rows_of(*box_, message_id);
        const answers told = awaited.waiter->told();
        next_look = steady_clock::now() + look_interval;
        return std::none_of(stored.begin(), stored.end(), [&](const delivery_summary& one) {
            return is_to_come(one) && !has_enough(*awaited.waiter, told, one.id);
        });
    };
    awaited.waiter->wait(options.wait_max_ms, is_over);
}

delivery_answer local_host::answer_of(const delivery_summary& one) const {
    delivery_answer made;
    made.delivery = one.id;
    made.port = one.port;
    made.state = "queued";
    made.code = one.code;
    made.text = one.text;
    made.attempts = one.attempts;
    if (one.state == delivery_state::terminated) {
        made.text = "an operator terminated it" + (one.text.empty() ? "" : ": " + one.text);
    } else if (one.state == delivery_state::failed) {
        made.text = "it was published as a failed message instead: " + one.text;
    } else if (is_open(one)) {
        const std::string reason = reason_to_wait(one);
        made.text = reason.empty() ? one.text : reason;
    }
    if (has_ended(one.state)) {
        made.state = to_public(one).state;
    } else if (!is_open(one)) {
        made.state = "suspended";
    }
    return made;
}

// One that was to be tried again, and may have ended in another way since.
void local_host::bring_up_to_date(delivery_answer& one, const delivery_summary* stored) const {
    if (stored == nullptr) {
        one.state = unknown;
        one.text = not_known;
        one.next_attempt_unix_ms = 0;
    } else if (!is_open(*stored)) {
        one = answer_of(*stored);
    } else if (std::string reason = reason_to_wait(*stored); !reason.empty()) {
        one.text = std::move(reason);
        one.next_attempt_unix_ms = 0;
    }
}

// Adds what the box has of the message to what attempts have told, and says what it all means. What nobody knows is
// never called delivered; a repeat of what has left the queue is only told that it was accepted before.
void local_host::describe_outcome(submit_answer& answer, const awaited_outcome& awaited) {
    const rows stored = rows_of(*box_, answer.message_id);
    answers all = awaited.waiter->told();
    if (!answer.is_repeat && has_ended_untold(*awaited.waiter, awaited.ports, stored, all)) {
        commit_and_wait(*box_, {});  // whatever `stored` has seen is told by then
        all = awaited.waiter->told();
    }
    for (delivery_answer& one : all) {
        if (!awaited.waiter->is_enough(one)) {
            bring_up_to_date(one, find_stored(stored, one.delivery));
        }
    }
    for (const delivery_summary& one : stored) {
        if (find_told(all, one.id) == nullptr) {
            all.push_back(answer_of(one));
        }
    }
    for (const std::string& port : answer.is_repeat ? std::vector<std::string>{} : awaited.ports) {
        if (std::none_of(all.begin(), all.end(), [&](const delivery_answer& one) { return one.port == port; })) {
            delivery_answer lost;
            lost.port = port;
            lost.state = unknown;
            lost.text = not_known;
            all.push_back(std::move(lost));
        }
    }
    answer.deliveries = std::move(all);
    conclude(answer);
    if (answer.deliveries.empty()) {
        answer.text = left_the_queue;
    }
}

}  // namespace hawser::engine
