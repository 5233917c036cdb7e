// Submitters that wait for the outcome of their message: registered before the publish, told by delivery's reports.
// Thread-safe.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "delivery/delivery_engine.hpp"
#include "hawser/types.hpp"

namespace hawser::engine {

class outcome_waiters {
public:
    class waiter {
    public:
        waiter(outcome_waiters& owner, std::string message_id, std::size_t count, wait_for until)
            : owner_(owner), message_id_(std::move(message_id)), count_(count), until_(until) {}
        ~waiter();
        waiter(const waiter&) = delete;
        waiter& operator=(const waiter&) = delete;
        // Until every delivery has got as far as was asked for, the time is over (ms, -1 = none), close(), or `is_over`
        // (may be empty; asked several times a second) says that nobody wants the answer any more, or none will come.
        void wait(std::int64_t wait_max_ms, const std::function<bool()>& is_over);
        std::vector<delivery_answer> told() const;                  // by now
        bool is_enough(const delivery_answer& one) const noexcept;  // no more of this delivery is waited for

    private:
        friend class outcome_waiters;
        bool is_satisfied() const;
        outcome_waiters& owner_;
        std::string message_id_;
        std::size_t count_;
        wait_for until_;
        std::map<std::int64_t, delivery_answer> answers_;  // by delivery
        std::condition_variable changed_;
    };

    std::unique_ptr<waiter> expect(const std::string& message_id, std::size_t delivery_count, wait_for until);
    void tell(const delivery_report& report);
    void close();  // ends every wait

private:
    std::mutex mutex_;
    std::map<std::string, waiter*> waiting_;
    bool is_closed_ = false;
};

}  // namespace hawser::engine
