// Claims that wait for their attempt to begin: which may begin now. Bodies in flight share one budget of memory, of
// which no port gets all; urgent ports come first, but none waits for ever; and what was in flight when a host died
// runs alone. Pure: no threads; its user holds a lock. Times are monotonic.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "messagebox/message_box.hpp"

namespace hawser::engine {

enum class admission : std::uint8_t {
    begin = 1,
    wait,        // something that will end holds it back, and what stands behind it on its port
    wait_alone,  // the same, but others of its port may pass it
    give_back,   // to the box, so that others of its port can pass it
};

class dispatch_queue {
public:
    using admission_function = std::function<admission(const claimed_delivery&)>;
    struct taken {
        claimed_delivery claim;
        bool is_given_back = false;  // else it counts as begun until ended()
    };

    explicit dispatch_queue(std::size_t memory_max) : memory_max_(memory_max) {}

    void add(claimed_delivery claim, std::uint8_t port_priority);
    std::optional<taken> take(std::int64_t now_ms, const admission_function& admit);
    void ended(const claim_token& token);                         // the attempt is over, its body closed
    std::optional<std::string> remove(const claim_token& token);  // of those that wait: gives its port

    std::int64_t next_ms() const;                     // when one may begin that may not now
    std::set<std::string> ports_waiting() const;      // that have claims here
    std::vector<claim_token> tokens_waiting() const;  // of these claims
    std::vector<claimed_delivery> take_all();         // at the stop: what has not begun
    // A suspect runs alone, or is about to: nothing more is to be claimed.
    bool is_for_suspect() const noexcept {
        return alone_.has_value() || (!suspects_.empty() && !are_suspects_held_up_);
    }
    bool has_waiting() const noexcept { return !by_port_.empty() || !suspects_.empty(); }
    bool is_empty() const noexcept { return !has_waiting() && begun_.empty(); }

private:
    struct begun {
        std::string port;
        std::size_t memory = 0;
    };
    struct waiting_port {
        std::deque<claimed_delivery> claims;  // never empty
        std::uint8_t priority = 5;
        std::uint64_t since = 0;  // count of those begun when it last had its turn
    };
    using port_position = std::map<std::string, waiting_port>::iterator;

    std::vector<port_position> by_urgency();
    claimed_delivery take_out(port_position at, std::deque<claimed_delivery>::iterator which);
    void begin(const claimed_delivery& claim);
    bool fits(const std::string& port, std::size_t memory) const;
    std::optional<taken> take_suspect(std::int64_t now_ms, const admission_function& admit);
    std::optional<taken> take_ordinary(const admission_function& admit);
    std::optional<taken> take_of(port_position at, const admission_function& admit);

    std::size_t memory_max_;
    std::size_t memory_used_ = 0;
    std::map<std::string, std::size_t> memory_by_port_;
    std::map<std::string, waiting_port> by_port_;
    std::deque<claimed_delivery> suspects_;
    std::map<claim_token, begun> begun_;
    std::uint64_t begun_count_ = 0;
    std::optional<claim_token> alone_;  // a suspect that others wait for
    std::int64_t alone_until_ms_ = 0;
    std::int64_t suspect_until_ms_ = 0;  // a suspect waits for the others until then; 0 = none does
    bool are_suspects_held_up_ = false;  // all of them, for what holds back them alone
};

}  // namespace hawser::engine
