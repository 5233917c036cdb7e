#include "delivery/active_attempts.hpp"

#include <algorithm>
#include <utility>

namespace hawser::engine {

void active_attempts::add(active_attempt one) { attempts_[one.token] = std::move(one); }

std::shared_ptr<attempt> active_attempts::find(const claim_token& token) const {
    const auto found = attempts_.find(token);
    return found == attempts_.end() ? nullptr : found->second.one;
}

std::optional<active_attempt> active_attempts::take(const claim_token& token) {
    const auto found = attempts_.find(token);
    if (found == attempts_.end()) {
        return std::nullopt;
    }
    active_attempt taken = std::move(found->second);
    attempts_.erase(found);
    return taken;
}

std::vector<std::shared_ptr<attempt>> active_attempts::all() const {
    std::vector<std::shared_ptr<attempt>> found;
    for (const auto& [token, entry] : attempts_) {
        found.push_back(entry.one);
    }
    return found;
}

std::vector<claim_token> active_attempts::tokens() const {
    std::vector<claim_token> found;
    for (const auto& [token, entry] : attempts_) {
        found.push_back(token);
    }
    return found;
}

bool active_attempts::have_ended() const {
    return std::all_of(attempts_.begin(), attempts_.end(),
                       [](const auto& entry) { return entry.second.one->is_finished(); });
}

void active_attempts::count_in(destination_limits& limits, std::int64_t now_ms) {
    for (auto& [token, entry] : attempts_) {
        entry.destination = limits.find(entry.location);
        limits.begin(entry.destination, now_ms);
    }
}

}  // namespace hawser::engine
