// Delivery: claims what is due for the started ports, runs the attempts, and makes their outcomes durable.
//
// Made by runtime; one a host. Threads: every function from any thread. One control thread decides what to claim and
// keeps the timers; pipelines run on the worker pool; claims are answered on the store's thread. A slow port holds back
// no other: each has its own allowance of attempts in flight, and the bodies in flight share one budget of memory of
// which none gets all. Failure: an outcome that the store refuses is kept and offered again; a claim that is lost (its
// lease ran out) is cancelled and dropped: somebody else has it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "delivery/delivery_report.hpp"
#include "delivery/destination_limits.hpp"
#include "delivery/notification.hpp"
#include "delivery/send_port_runtime.hpp"

namespace hawser::engine {

class message_box;
class clock;

struct delivery_options {
    unsigned worker_count = 2;
    std::size_t body_memory_max = 16 * 1024 * 1024;  // rings of all attempts in flight
    std::string spool_folder;
    std::int64_t cancel_wait_ms = 5000;  // for attempts to end once they were cancelled; then the host complains
    // For ACKs, NACKs and failed messages; called on workers and adapters' threads. Empty = nobody subscribes.
    route_function route = {};
    // Runs `work` while no subscription changes, so that what it routes and commits fits them. Empty = they never do.
    std::function<void(const std::function<void()>& work)> while_routing_stands = {};
    // Told, on the store's thread, that something was stored as held for this group later than it was routed: it has to
    // be released if the group was started meanwhile. Does not throw. Empty = nothing is ever held.
    std::function<void(const std::string& group)> held_late = {};
};

class delivery_engine {
public:
    using report_function = std::function<void(const delivery_report&)>;  // short; on the store's thread

    delivery_engine(message_box& box, clock& time, delivery_options options, report_function report);
    ~delivery_engine();
    delivery_engine(const delivery_engine&) = delete;
    delivery_engine& operator=(const delivery_engine&) = delete;

    void set_port(std::shared_ptr<const send_port_runtime> port, bool is_started);
    void set_started(const std::string& port, bool is_started);
    void remove_port(const std::string& port);  // what is under way ends with the port as it was
    void set_destinations(const std::vector<destination_limit>& limits);
    void wake(const std::string& port);         // something may be due now
    std::string note(const std::string& port);  // what holds the port back; "" = nothing

    void start();
    // Claims no more, drains, cancels. Blocks until no adapter has an attempt any more.
    void stop(std::int64_t grace_ms);
    void wait_until_idle();  // nothing in flight and nothing due. Blocks

private:
    struct implementation;
    std::unique_ptr<implementation> implementation_;
};

}  // namespace hawser::engine
