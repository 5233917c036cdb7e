// Makes results of attempts durable, and gives back claims that were not tried. What the store refuses (the disk is
// full) is kept, in memory and, as a claim, in the box, and offered again until it is taken: an outcome is never
// dropped, and what was given back does not count a crash. Thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>

#include "delivery/delivery_result.hpp"

namespace hawser::engine {

class box_questions;
class clock;

class result_writer {
public:
    // On the store's thread, once the result is durable; or lost, because somebody else has the delivery (is_ours
    // false).
    using settled_function = std::function<void(const delivery_result&, bool is_ours)>;
    // On the store's thread: something of this port has to be offered again, or was given back and is durable.
    using changed_function = std::function<void(const std::string& port)>;

    // On the store's thread: a result that was first refused is durable, and something of it is held for this group,
    // which may have been started since it was routed.
    using held_function = std::function<void(const std::string& group)>;

    result_writer(box_questions& box, clock& time, settled_function settled, changed_function changed,
                  held_function held = {});

    void write(delivery_result made);
    void give_back(release_operation one, std::string port);
    void offer_refused();                // those whose time has come
    std::int64_t next_offer_ms() const;  // monotonic; the end of time where nothing was refused
    bool has_refused() const;
    bool has_given_back_all() const;  // nothing that was given back waits to be durable

private:
    struct release {
        release_operation operation;
        std::string port;
    };
    void offer(release one);
    void tell_of_held(const delivery_result& made) const;
    bool is_any_refused() const { return !refused_.empty() || !refused_releases_.empty(); }  // under mutex_

    box_questions& box_;
    clock& clock_;
    settled_function settled_;
    changed_function changed_;
    held_function held_;
    mutable std::mutex mutex_;
    std::deque<delivery_result> refused_;
    std::deque<release> refused_releases_;
    std::size_t releases_under_way_ = 0;  // offered, or refused
    std::int64_t offer_ms_ = 0;
};

}  // namespace hawser::engine
