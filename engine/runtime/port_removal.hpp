// Sees to it that nothing is on its way through the ports and groups that a reload removes, before it removes them: no
// attempt of theirs starts any more, those under way are waited for, what waits is suspended if that was asked for, and
// what would come in meanwhile is turned away for that moment. Undone by the destructor unless the removal took place.
// Used by one reload on its thread; blocks.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "delivery/delivery_engine.hpp"
#include "hawser/types.hpp"
#include "messagebox/message_box.hpp"
#include "runtime/port_table.hpp"

namespace hawser::engine {

class port_removal {
public:
    struct host_parts {
        message_box& box;
        port_table& ports;
        delivery_engine& delivery;
        std::mutex& publish_mutex;                                   // held while something is routed and published
        std::function<bool()> is_stopping;                           // the host
        std::function<bool(const std::string& port)> is_delivering;  // this host sends for it
    };

    port_removal(const host_parts& host, std::set<std::string> ports, std::set<std::string> groups)
        : host_(host), ports_(std::move(ports)), groups_(std::move(groups)) {}
    port_removal(const port_removal&) = delete;
    port_removal& operator=(const port_removal&) = delete;
    ~port_removal();

    // Code not_accepted, with each port or group that has messages, how many, and what to do; nothing has changed then
    // but what is suspended already.
    result<void> prepare(const reload_options& options);
    // After they were taken out of the routing: nothing comes in any more. Suspends what got past prepare().
    void finish();
    std::uint64_t suspended() const noexcept { return suspended_; }

private:
    bool is_empty() const noexcept { return ports_.empty() && groups_.empty(); }
    std::string find_waiting() const;  // each with its count, for a person; "" = nothing waits
    std::string find_active() const;
    result<void> wait_until_inactive(std::int64_t wait_ms) const;
    result<void> suspend_waiting();
    result<void> suspend_all(const std::string& port, const std::string& group);
    void wait_for_writer() const;

    host_parts host_;
    std::set<std::string> ports_;
    std::set<std::string> groups_;
    std::uint64_t suspended_ = 0;
    bool is_begun_ = false;
    bool is_done_ = false;
};

}  // namespace hawser::engine
