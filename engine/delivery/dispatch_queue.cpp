#include "delivery/dispatch_queue.hpp"

#include <algorithm>
#include <limits>

#include "delivery/urgency.hpp"
#include "pipeline/body_pump.hpp"

namespace hawser::engine {
namespace {

// A plugin that a message kills dies at once: for so long at most the others wait, or it waits for them.
constexpr std::int64_t first_crash_alone_ms = 500;
constexpr std::int64_t repeated_crash_alone_ms = 5000;

std::int64_t alone_time_of(const claimed_delivery& claim) {
    return claim.crash_count == 1 ? first_crash_alone_ms : repeated_crash_alone_ms;
}

bool is_to_wait(admission admitted) { return admitted == admission::wait || admitted == admission::wait_alone; }

// What an attempt may hold: its ring, or less where the whole body is known to be small.
std::size_t memory_of(const claimed_delivery& claim) {
    std::uint64_t size = 0;
    for (const part_info& part : claim.parts) {
        size += part.size;
    }
    return static_cast<std::size_t>(std::min<std::uint64_t>(pump_ring_size, 2 * size + 16 * 1024));
}

}  // namespace

void dispatch_queue::add(claimed_delivery claim, std::uint8_t port_priority) {
    if (claim.crash_count > 0) {
        suspects_.push_back(std::move(claim));
        are_suspects_held_up_ = false;
        return;
    }
    const auto [at, is_new] = by_port_.try_emplace(claim.port);
    if (is_new) {
        at->second.since = begun_count_;
    }
    at->second.priority = port_priority;
    at->second.claims.push_back(std::move(claim));
}

// A port may take half of what the others leave of the budget, and always one attempt: however many bodies hang on one
// port, the next one finds room.
bool dispatch_queue::fits(const std::string& port, std::size_t memory) const {
    const auto own = memory_by_port_.find(port);
    if (own == memory_by_port_.end() || own->second == 0) {
        return true;
    }
    const std::size_t others = memory_used_ - own->second;
    return others < memory_max_ && own->second + memory <= (memory_max_ - others) / 2;
}

void dispatch_queue::begin(const claimed_delivery& claim) {
    const std::size_t memory = memory_of(claim);
    begun_[claim.token] = {claim.port, memory};
    memory_used_ += memory;
    memory_by_port_[claim.port] += memory;
    ++begun_count_;
}

// The first that may begin, once the others have ended or had their time. While none may, the others go on.
std::optional<dispatch_queue::taken> dispatch_queue::take_suspect(std::int64_t now_ms,
                                                                  const admission_function& admit) {
    admission admitted = admission::wait;
    const auto first = std::find_if(suspects_.begin(), suspects_.end(), [&](const claimed_delivery& one) {
        admitted = admit(one);
        return !is_to_wait(admitted);
    });
    are_suspects_held_up_ = first == suspects_.end();
    if (are_suspects_held_up_) {
        suspect_until_ms_ = 0;
        return std::nullopt;
    }
    if (admitted == admission::begin) {
        if (suspect_until_ms_ == 0) {
            suspect_until_ms_ = now_ms + alone_time_of(*first);
        }
        if (!begun_.empty() && now_ms < suspect_until_ms_) {
            return std::nullopt;
        }
        alone_ = first->token;
        alone_until_ms_ = now_ms + alone_time_of(*first);
        begin(*first);
    }
    suspect_until_ms_ = 0;
    taken one{std::move(*first), admitted == admission::give_back};
    suspects_.erase(first);
    return one;
}

std::vector<dispatch_queue::port_position> dispatch_queue::by_urgency() {
    std::vector<port_position> ports;
    for (auto at = by_port_.begin(); at != by_port_.end(); ++at) {
        ports.push_back(at);
    }
    std::stable_sort(ports.begin(), ports.end(), [this](const port_position& a, const port_position& b) {
        return urgency(a->second.priority, begun_count_ - a->second.since) <
               urgency(b->second.priority, begun_count_ - b->second.since);
    });
    return ports;
}

claimed_delivery dispatch_queue::take_out(port_position at, std::deque<claimed_delivery>::iterator which) {
    claimed_delivery claim = std::move(*which);
    at->second.claims.erase(which);
    at->second.since = begun_count_;
    if (at->second.claims.empty()) {
        by_port_.erase(at);
    }
    return claim;
}

std::optional<dispatch_queue::taken> dispatch_queue::take(std::int64_t now_ms, const admission_function& admit) {
    if (alone_ && now_ms < alone_until_ms_) {
        return std::nullopt;
    }
    alone_.reset();
    if (!suspects_.empty()) {
        std::optional<taken> suspect = take_suspect(now_ms, admit);
        if (suspect || !are_suspects_held_up_) {
            return suspect;
        }
    }
    return take_ordinary(admit);
}

std::optional<dispatch_queue::taken> dispatch_queue::take_ordinary(const admission_function& admit) {
    for (const port_position at : by_port_.size() == 1 ? std::vector{by_port_.begin()} : by_urgency()) {
        if (std::optional<taken> one = take_of(at, admit)) {
            return one;
        }
    }
    return std::nullopt;
}

std::optional<dispatch_queue::taken> dispatch_queue::take_of(port_position at, const admission_function& admit) {
    std::deque<claimed_delivery>& claims = at->second.claims;
    for (auto one = claims.begin(); one != claims.end() && fits(at->first, memory_of(*one)); ++one) {
        const admission admitted = admit(*one);
        if (admitted == admission::begin) {
            begin(*one);
        }
        if (!is_to_wait(admitted)) {
            return taken{take_out(at, one), admitted == admission::give_back};
        }
        if (admitted == admission::wait) {
            break;
        }
    }
    return std::nullopt;
}

void dispatch_queue::ended(const claim_token& token) {
    if (alone_ == token) {
        alone_.reset();
    }
    if (const auto found = begun_.find(token); found != begun_.end()) {
        memory_used_ -= found->second.memory;
        const auto own = memory_by_port_.find(found->second.port);
        own->second -= found->second.memory;
        if (own->second == 0) {
            memory_by_port_.erase(own);
        }
        begun_.erase(found);
    }
}

std::optional<std::string> dispatch_queue::remove(const claim_token& token) {
    const auto is_it = [&token](const claimed_delivery& one) { return one.token == token; };
    if (const auto found = std::find_if(suspects_.begin(), suspects_.end(), is_it); found != suspects_.end()) {
        std::string port = std::move(found->port);
        suspects_.erase(found);
        suspect_until_ms_ = 0;
        return port;
    }
    for (auto at = by_port_.begin(); at != by_port_.end(); ++at) {
        if (std::erase_if(at->second.claims, is_it) > 0) {
            std::string port = at->first;
            if (at->second.claims.empty()) {
                by_port_.erase(at);
            }
            return port;
        }
    }
    return std::nullopt;
}

std::int64_t dispatch_queue::next_ms() const {
    if (alone_) {
        return alone_until_ms_;
    }
    return suspect_until_ms_ != 0 ? suspect_until_ms_ : std::numeric_limits<std::int64_t>::max();
}

std::set<std::string> dispatch_queue::ports_waiting() const {
    std::set<std::string> ports;
    for (const auto& [port, waiting] : by_port_) {
        ports.insert(port);
    }
    for (const claimed_delivery& one : suspects_) {
        ports.insert(one.port);
    }
    return ports;
}

std::vector<claim_token> dispatch_queue::tokens_waiting() const {
    std::vector<claim_token> tokens;
    for (const claimed_delivery& one : suspects_) {
        tokens.push_back(one.token);
    }
    for (const auto& [port, waiting] : by_port_) {
        for (const claimed_delivery& one : waiting.claims) {
            tokens.push_back(one.token);
        }
    }
    return tokens;
}

std::vector<claimed_delivery> dispatch_queue::take_all() {
    std::vector<claimed_delivery> all(std::make_move_iterator(suspects_.begin()),
                                      std::make_move_iterator(suspects_.end()));
    for (auto& [port, waiting] : by_port_) {
        std::move(waiting.claims.begin(), waiting.claims.end(), std::back_inserter(all));
    }
    suspects_.clear();
    by_port_.clear();
    return all;
}

}  // namespace hawser::engine
