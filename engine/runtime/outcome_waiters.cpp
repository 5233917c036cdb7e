#include "runtime/outcome_waiters.hpp"

#include <algorithm>
#include <chrono>

namespace hawser::engine {
outcome_waiters::waiter::~waiter() {
    const std::lock_guard lock(owner_.mutex_);
    owner_.waiting_.erase(message_id_);
}

bool outcome_waiters::waiter::is_enough(const delivery_answer& one) const noexcept {
    return until_ == wait_for::first_attempt || one.state != "retrying";
}

bool outcome_waiters::waiter::is_satisfied() const {
    return answers_.size() >= count_ &&
           std::all_of(answers_.begin(), answers_.end(), [this](const auto& one) { return is_enough(one.second); });
}

void outcome_waiters::waiter::wait(std::int64_t wait_max_ms, const std::function<bool()>& is_over) {
    using std::chrono::steady_clock;
    constexpr std::chrono::milliseconds ask_interval{200};
    std::unique_lock lock(owner_.mutex_);
    const auto is_done = [this] { return is_satisfied() || owner_.is_closed_; };
    constexpr std::int64_t wait_limit_ms = 3650LL * 24 * 3'600'000;  // beyond it a time point would overflow
    const auto end = steady_clock::now() +
                     std::chrono::milliseconds(wait_max_ms < 0 ? wait_limit_ms : std::min(wait_max_ms, wait_limit_ms));
    while (!is_done() && steady_clock::now() < end) {
        if (is_over) {
            lock.unlock();  // it may look at a socket, or at the box; delivery must not wait for that
            const bool has_ended = is_over();
            lock.lock();
            if (has_ended) {
                break;
            }
            changed_.wait_until(lock, std::min(end, steady_clock::now() + ask_interval), is_done);
        } else {
            changed_.wait_until(lock, end, is_done);
        }
    }
}

std::vector<delivery_answer> outcome_waiters::waiter::told() const {
    const std::lock_guard lock(owner_.mutex_);
    std::vector<delivery_answer> all;
    for (const auto& [delivery, answer] : answers_) {
        all.push_back(answer);
    }
    return all;
}

std::unique_ptr<outcome_waiters::waiter> outcome_waiters::expect(const std::string& message_id,
                                                                 std::size_t delivery_count, wait_for until) {
    auto made = std::make_unique<waiter>(*this, message_id, delivery_count, until);
    const std::lock_guard lock(mutex_);
    waiting_[message_id] = made.get();
    return made;
}

void outcome_waiters::tell(const delivery_report& report) {
    const std::lock_guard lock(mutex_);
    const auto found = waiting_.find(report.message_id);
    if (found == waiting_.end()) {
        return;
    }
    delivery_answer& answer = found->second->answers_[report.delivery];
    answer.delivery = report.delivery;
    answer.port = report.port;
    answer.state = report.state;
    answer.code = report.code;
    answer.text = report.text;
    answer.attempts = report.attempts;
    answer.next_attempt_unix_ms = report.next_attempt_unix_ms;
    answer.recipients.clear();
    for (const recipient_outcome& one : report.recipients) {
        answer.recipients.push_back({one.address, std::string(name_of(one.verdict)), one.text});
    }
    found->second->changed_.notify_all();
}

void outcome_waiters::close() {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
    for (const auto& [id, one] : waiting_) {
        one->changed_.notify_all();
    }
}

}  // namespace hawser::engine
