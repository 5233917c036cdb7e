// Ends at once what somebody waits for, when he is told to give up, and keeps him from waiting again. It belongs to him
// who waits and outlives his waits. On the I/O thread only. A wait that is broken off throws wire_failure.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <string>
#include <utility>

#include "timer_set.hpp"
#include "wire_failure.hpp"

namespace hawser::smtp {

class wait_breaker {
public:
    // Until the timer goes off, or somebody sets it off.
    boost::asio::awaitable<void> wait(boost::asio::steady_timer& timer) {
        check();
        const timer_set::membership here(timers_, timer);
        boost::system::error_code woken;
        co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
        check();
    }

    void break_off(std::string why) {
        is_broken_off_ = true;
        why_ = std::move(why);
        timers_.set_off();
    }
    bool is_broken_off() const noexcept { return is_broken_off_; }
    const std::string& why() const noexcept { return why_; }
    timer_set& timers() noexcept { return timers_; }  // that break_off() sets off

private:
    void check() const {
        if (is_broken_off_) {
            throw wire_failure(why_);
        }
    }

    timer_set timers_;
    std::string why_;
    bool is_broken_off_ = false;
};

}  // namespace hawser::smtp
