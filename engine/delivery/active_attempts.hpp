// The attempts that have begun and have no result on the disk yet. Of one delivery there may be two, where its claim
// ran out and was given here again. No threads of its own: its user holds a lock, and
// destroys attempts without it, because the last holder of one waits for its adapter's callbacks.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "delivery/attempt.hpp"
#include "delivery/destination_limits.hpp"

namespace hawser::engine {

struct active_attempt {
    std::shared_ptr<attempt> one;
    claim_token token;
    std::string location;
    destination_limits::index destination;
};

class active_attempts {
public:
    bool is_empty() const noexcept { return attempts_.empty(); }
    std::size_t size() const noexcept { return attempts_.size(); }
    void add(active_attempt one);
    std::shared_ptr<attempt> find(const claim_token& token) const;  // null = it is not under way
    std::optional<active_attempt> take(const claim_token& token);
    std::vector<std::shared_ptr<attempt>> all() const;
    std::vector<claim_token> tokens() const;
    bool have_ended() const;  // all that are left: no adapter uses one any more
    void count_in(destination_limits& limits, std::int64_t now_ms);

private:
    std::map<claim_token, active_attempt> attempts_;
};

}  // namespace hawser::engine
