#include "delivery/result_writer.hpp"

#include <limits>
#include <utility>

#include "base/clock.hpp"
#include "base/log.hpp"

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

result_writer::result_writer(message_box& box, clock& time, settled_function settled, refused_function refused)
    : box_(box), clock_(time), settled_(std::move(settled)), was_refused_(std::move(refused)) {}

void result_writer::write(delivery_result made) {
    std::vector<operation> batch = made.batch;
    box_.commit(std::move(batch), [this, made = std::move(made)](const commit_answer& answer) mutable {
        if (answer.status != commit_status::refused) {
            const bool is_ours = answer.status == commit_status::done;
            if (is_ours) {
                log_result(made.told);
            }
            settled_(made, is_ours);
            return;
        }
        log::error("the message box refused a result; it is offered again",
                   {{"port", made.told.port}, {"message", made.told.message_id}, {"error", answer.text}});
        {
            const std::lock_guard lock(mutex_);
            refused_.push_back(std::move(made));
            offer_ms_ = clock_.monotonic_ms() + offer_again_ms;
        }
        was_refused_();
    });
}

void result_writer::offer_refused() {
    std::deque<delivery_result> again;
    {
        const std::lock_guard lock(mutex_);
        if (refused_.empty() || clock_.monotonic_ms() < offer_ms_) {
            return;
        }
        again = std::exchange(refused_, {});
    }
    for (delivery_result& one : again) {
        write(std::move(one));
    }
}

std::int64_t result_writer::next_offer_ms() const {
    const std::lock_guard lock(mutex_);
    return refused_.empty() ? std::numeric_limits<std::int64_t>::max() : offer_ms_;
}

bool result_writer::has_refused() const {
    const std::lock_guard lock(mutex_);
    return !refused_.empty();
}

}  // namespace hawser::engine
