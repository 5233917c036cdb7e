// Which ports may claim how much now, and when to look again: started, within their service window, below their rate
// and their allowance in flight, and not held because their endpoint is down. Pure: no threads and no store; its user
// holds a lock. Times: `now_ms` is monotonic, `now_unix_ms` the wall clock.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "delivery/destination_limits.hpp"
#include "delivery/rate_gate.hpp"
#include "delivery/send_port_runtime.hpp"
#include "delivery/service_window.hpp"
#include "messagebox/message_box.hpp"

namespace hawser::engine {

inline constexpr std::int64_t never_ms = std::numeric_limits<std::int64_t>::max();

struct moment {
    std::int64_t monotonic_ms = 0;
    std::int64_t unix_ms = 0;
};

class port_schedule {
public:
    struct plan {
        std::vector<port_claim> claims;
        std::int64_t next_ms = never_ms;  // look again then, if nothing else happens
    };
    // What a port looked like when it was asked for, so that what happens meanwhile is noticed.
    struct asked_port {
        std::uint64_t wake_count = 0;
        std::uint32_t count_max = 0;
        bool is_partial = false;  // only some of its deliveries were asked for
    };

    void set_port(std::shared_ptr<const send_port_runtime> port, bool is_started);
    void remove_port(const std::string& port);
    void set_started(const std::string& port, bool is_started);
    std::shared_ptr<const send_port_runtime> runtime(const std::string& port) const;
    bool is_started(const std::string& port) const;

    bool wake(const std::string& port);  // something may be due; true: it was not known yet
    void hold(const std::string& port, std::int64_t until_ms, std::string reason);
    // Others of the port would fail as this one did: they wait. Not where each message goes to a place of its own, or
    // may yet go by the backup transport.
    void note_endpoint_down(const send_port_runtime& port, std::int64_t now_ms, const std::string& reason);
    std::string note(const std::string& port, moment now);  // what holds it back; "" = nothing

    // A port with claims that wait to be started (has_waiting) is not asked again before they are, unless it is ordered
    // by location: what comes for another location may pass them.
    plan make_plan(moment now, const std::set<std::string>& has_waiting, const destination_limits& destinations);
    std::map<std::string, asked_port> note_asked(const std::vector<port_claim>& claims);
    void note_claimed(const std::string& port, std::int64_t now_ms);
    // The claim is answered: `count` came of what was asked. Fewer means that the port has nothing more due.
    void note_answered(const std::string& port, const asked_port& asked, std::uint32_t count);
    void note_settled(const std::string& port);

    // A port that has nothing due: its next due time has to be asked from the store, and told here.
    std::optional<std::string> take_unknown_due();
    std::uint64_t wake_count(const std::string& port) const;
    void set_due(const std::string& port, std::uint64_t wake_count, std::optional<std::int64_t> due_unix_ms);

    bool is_idle() const;  // nothing may be due but what an endpoint's failure or a closed window holds back

private:
    struct entry {
        std::shared_ptr<const send_port_runtime> runtime;
        bool is_started = false;
        bool may_be_due = true;
        std::int64_t next_due_unix_ms = 0;  // when not may_be_due: nothing before
        bool is_partly_asked = false;       // … but what waits for the window to open
        std::int64_t held_until_ms = 0;     // the endpoint is down
        std::string hold_reason;
        rate_gate gate;
        bool is_window_open = true;
        std::int64_t window_from_unix_ms = 0;   // it was so then …
        std::int64_t window_until_unix_ms = 0;  // … and stays so until then; asked anew at any other time
        std::uint64_t wake_count = 0;
        std::uint64_t asked_at = 0;   // count of plans that asked something when it was last asked
        std::uint32_t in_flight = 0;  // claimed and not yet answered durably
    };
    struct candidate {
        const std::string* name = nullptr;
        entry* port = nullptr;
        std::uint32_t room = 0;
    };
    std::optional<candidate> look_at(const std::string& name, entry& port, moment now,
                                     const destination_limits& destinations, std::int64_t& next_ms);
    std::uint32_t room_of(const entry& port, std::int64_t now_ms, const destination_limits& destinations,
                          std::int64_t& next_ms) const;
    void refresh_window(entry& port, std::int64_t now_unix_ms) const;
    static bool is_backup_open(const entry& port, std::int64_t now_unix_ms);

    std::map<std::string, entry> ports_;
    std::set<std::string> unknown_due_;
    std::uint64_t plan_count_ = 0;  // of those that asked something
};

}  // namespace hawser::engine
