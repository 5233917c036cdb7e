// What waits for a connection to one server, and whose turn it is when one is free. A slow or hung port holds back no
// other one: the next turn is that of the port that holds the fewest connections, and a port whose mail takes long
// leaves some to those that hold none. Pure: its user has the connections and says what time it is.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hawser::smtp {

template <typename Item>
class waiting_line {
public:
    using time_point = std::chrono::steady_clock::time_point;
    // Other ports may be made to wait for so long: a port may have every connection while its mail ends within it.
    static constexpr std::chrono::seconds short_time{5};

    struct turn {
        Item item;
        std::string port;
        time_point begun;
    };

    void add(const std::string& port, Item item) { ports_[port].waiting.push_back(std::move(item)); }

    // The item that is to have the next connection, of `connections_max` in all; nullopt: none may have it now. It
    // counts as a connection of its port until end(), or put_back().
    std::optional<turn> take(int connections_max, time_point now) {
        const position next = choose(connections_max, now, ports_.end());
        if (next == ports_.end()) {
            return std::nullopt;
        }
        turn taken = pop(next);
        begin(taken, now);
        return taken;
    }

    // What would follow `current` over its connection if that ended now, where it is of the same port: one of another
    // port must not depend on how `current` ends. It counts from begin() on.
    std::optional<turn> take_along(const turn& current, int connections_max, time_point now) {
        const position own = ports_.find(current.port);
        if (own->second.waiting.empty() || choose(connections_max, now, own) != own) {
            return std::nullopt;
        }
        return pop(own);
    }

    void begin(turn& one, time_point now) {
        one.begun = now;
        ports_[one.port].begun.push_back(now);
    }

    void end(const turn& one, time_point now) {
        leave(one);
        if (now - one.begun <= short_time) {
            ports_[one.port].short_at = now;
        }
    }

    void put_back(turn one) {  // it did not begin after all, and is its port's next
        leave(one);
        ports_[one.port].waiting.push_front(std::move(one.item));
    }

    // Of those that wait.
    template <typename Predicate>
    std::optional<Item> remove(const Predicate& is_it) {
        for (auto& [name, port] : ports_) {
            const auto found = std::find_if(port.waiting.begin(), port.waiting.end(), is_it);
            if (found != port.waiting.end()) {
                Item item = std::move(*found);
                port.waiting.erase(found);
                return item;
            }
        }
        return std::nullopt;
    }

private:
    struct port_line {
        std::deque<Item> waiting;
        std::vector<time_point> begun;       // of those that have a connection, the oldest first
        std::optional<time_point> short_at;  // one ended then that had not taken long
        std::uint64_t last_turn = 0;
    };
    using position = typename std::map<std::string, port_line>::iterator;

    // For ports that hold none: an eighth, at least one. With one connection the ports take turns.
    static int reserve(int connections_max) { return connections_max < 2 ? 0 : std::max(1, connections_max / 8); }

    // Lately, and nothing that it has under way says otherwise.
    static bool is_short(const port_line& port, time_point now) {
        return port.short_at && now - *port.short_at <= short_time &&
               (port.begun.empty() || now - port.begun.front() <= short_time);
    }

    // Connections that may stay taken for long, once `leaving` has one less.
    int held_for_long(time_point now, position leaving) const {
        std::size_t count = 0;
        for (const auto& [name, port] : ports_) {
            count += is_short(port, now) ? 0 : port.begun.size();
        }
        const bool counts_leaving = leaving != ports_.end() && !is_short(leaving->second, now);
        return static_cast<int>(count) - (counts_leaving ? 1 : 0);
    }

    // Whose turn it is once `leaving` has one connection less.
    position choose(int connections_max, time_point now, position leaving) {
        const bool is_reserved = held_for_long(now, leaving) >= connections_max - reserve(connections_max);
        position best = ports_.end();
        std::size_t best_held = 0;
        for (position at = ports_.begin(); at != ports_.end(); ++at) {
            const port_line& port = at->second;
            const std::size_t held = port.begun.size() - (at == leaving ? 1 : 0);
            const bool may_have_it = held == 0 || !is_reserved || is_short(port, now);
            if (port.waiting.empty() || !may_have_it) {
                continue;
            }
            if (best == ports_.end() ||
                std::pair(held, port.last_turn) < std::pair(best_held, best->second.last_turn)) {
                best = at;
                best_held = held;
            }
        }
        return best;
    }

    turn pop(position at) {
        turn taken{std::move(at->second.waiting.front()), at->first, {}};
        at->second.waiting.pop_front();
        at->second.last_turn = ++turn_count_;
        return taken;
    }

    void leave(const turn& one) {
        std::vector<time_point>& begun = ports_[one.port].begun;
        begun.erase(std::find(begun.begin(), begun.end(), one.begun));
    }

    std::map<std::string, port_line> ports_;  // that have ever sent to this server
    std::uint64_t turn_count_ = 0;
};

}  // namespace hawser::smtp
