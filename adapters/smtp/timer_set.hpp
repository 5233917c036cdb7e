// Timers that coroutines wait for, and that can all be set off before their time. On the I/O thread only.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <list>

namespace hawser::smtp {

class timer_set {
public:
    // The timer is in the set as long as this lives; the set and the timer live longer.
    class membership {
    public:
        membership(timer_set& owner, boost::asio::steady_timer& timer)
            : owner_(owner), position_(owner.timers_.insert(owner.timers_.end(), &timer)) {}
        ~membership() { owner_.timers_.erase(position_); }
        membership(const membership&) = delete;
        membership& operator=(const membership&) = delete;

    private:
        timer_set& owner_;
        std::list<boost::asio::steady_timer*>::iterator position_;
    };

    void set_off() {
        for (boost::asio::steady_timer* timer : timers_) {
            timer->expires_at(boost::asio::steady_timer::time_point::min());
        }
    }

private:
    std::list<boost::asio::steady_timer*> timers_;
};

}  // namespace hawser::smtp
