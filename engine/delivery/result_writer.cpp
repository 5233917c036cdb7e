#include "delivery/result_writer.hpp"

#include <limits>
#include <utility>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "delivery/box_questions.hpp"

namespace hawser::engine {
namespace {

constexpr std::int64_t offer_again_ms = 1000;

void log_result(const delivery_report& told) {
    if (told.state == "delivered") {
        log::info_soon("delivered", {{"port", told.port},
                                     {"message", told.message_id},
                                     {"attempt", std::to_string(told.attempts)},
                                     {"text", told.text}});
        return;
    }
    log::warning(told.state == "retrying" ? "will be retried" : told.state,
                 {{"port", told.port},
                  {"message", told.message_id},
                  {"attempt", std::to_string(told.attempts)},
                  {"code", told.code},
                  {"text", told.text},
                  {"next", told.state == "retrying" ? "another attempt follows by itself"
                           : told.state == "failed" ? "see to the failed message"
                                                    : "hawser messages show " + std::to_string(told.delivery)}});
}

}  // namespace

result_writer::result_writer(box_questions& box, clock& time, settled_function settled, changed_function changed,
                             held_function held)
    : box_(box), clock_(time), settled_(std::move(settled)), changed_(std::move(changed)), held_(std::move(held)) {}

void result_writer::write(delivery_result made) {
    std::vector<operation> batch = made.batch;
    box_.commit(std::move(batch), [this, made = std::move(made)](const commit_answer& answer) mutable {
        if (answer.status != commit_status::refused) {
            const bool is_ours = answer.status == commit_status::done;
            if (is_ours) {
                log_result(made.told);
                tell_of_held(made);
            }
            settled_(made, is_ours);
            return;
        }
        log::error("the message box refused a result; it is offered again",
                   {{"port", made.told.port}, {"message", made.told.message_id}, {"error", answer.text}});
        const std::string port = made.told.port;
        made.was_refused = true;
        {
            const std::lock_guard lock(mutex_);
            refused_.push_back(std::move(made));
            offer_ms_ = clock_.monotonic_ms() + offer_again_ms;
        }
        changed_(port);
    });
}

void result_writer::tell_of_held(const delivery_result& made) const {
    if (!made.was_refused || !held_) {
        return;
    }
    for (const operation& one : made.batch) {
        const auto* published = std::get_if<publish_operation>(&one);
        if (published == nullptr) {
            continue;
        }
        for (const new_delivery& to : published->message.deliveries) {
            if (!to.held_for.empty()) {
                held_(to.held_for);
            }
        }
    }
}

void result_writer::give_back(release_operation one, std::string port) {
    {
        const std::lock_guard lock(mutex_);
        ++releases_under_way_;
    }
    offer({one, std::move(port)});
}

void result_writer::offer(release one) {
    const release_operation operation = one.operation;
    box_.commit({operation}, [this, one = std::move(one)](const commit_answer& answer) mutable {
        const bool is_refused = answer.status == commit_status::refused;
        if (is_refused) {
            log::error("the message box refused to take back what was not sent; it is offered again",
                       {{"port", one.port},
                        {"delivery", std::to_string(one.operation.token.delivery)},
                        {"error", answer.text}});
        }
        const std::string port = one.port;
        {
            const std::lock_guard lock(mutex_);
            if (is_refused) {
                refused_releases_.push_back(std::move(one));
                offer_ms_ = clock_.monotonic_ms() + offer_again_ms;
            } else {
                --releases_under_way_;
            }
        }
        changed_(port);
    });
}

void result_writer::offer_refused() {
    std::deque<delivery_result> again;
    std::deque<release> releases;
    {
        const std::lock_guard lock(mutex_);
        if (!is_any_refused() || clock_.monotonic_ms() < offer_ms_) {
            return;
        }
        again = std::exchange(refused_, {});
        releases = std::exchange(refused_releases_, {});
    }
    for (delivery_result& one : again) {
        write(std::move(one));
    }
    for (release& one : releases) {
        offer(std::move(one));
    }
}

std::int64_t result_writer::next_offer_ms() const {
    const std::lock_guard lock(mutex_);
    return is_any_refused() ? offer_ms_ : std::numeric_limits<std::int64_t>::max();
}

bool result_writer::has_refused() const {
    const std::lock_guard lock(mutex_);
    return is_any_refused();
}

bool result_writer::has_given_back_all() const {
    const std::lock_guard lock(mutex_);
    return releases_under_way_ == 0;
}

}  // namespace hawser::engine
