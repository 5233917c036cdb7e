// Makes results of attempts durable. One that the store refuses (the disk is full) is kept, in memory and, as a claim,
// in the box, and offered again until it is taken: an outcome is never dropped. Thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>

#include "delivery/delivery_result.hpp"

namespace hawser::engine {

class clock;

class result_writer {
public:
    // On the store's thread, once the result is durable; or lost, because somebody else has the delivery (is_ours
    // false).
    using settled_function = std::function<void(const delivery_result&, bool is_ours)>;
    using refused_function = std::function<void()>;  // on the store's thread: there is something to offer again

    result_writer(message_box& box, clock& time, settled_function settled, refused_function refused);

    void write(delivery_result made);
    void offer_refused();                // those whose time has come
    std::int64_t next_offer_ms() const;  // monotonic; the end of time where nothing was refused
    bool has_refused() const;

private:
    message_box& box_;
    clock& clock_;
    settled_function settled_;
    refused_function was_refused_;
    mutable std::mutex mutex_;
    std::deque<delivery_result> refused_;
    std::int64_t offer_ms_ = 0;
};

}  // namespace hawser::engine
