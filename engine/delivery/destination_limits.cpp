#include "delivery/destination_limits.hpp"

#include "message/location_pattern.hpp"

namespace hawser::engine {
namespace {
constexpr std::int64_t full_look_again_ms = 1000;
}

destination_limits::destination_limits(const std::vector<destination_limit>& limits) {
    for (const destination_limit& one : limits) {
        entries_.push_back({one, rate_gate(one.rate)});
    }
}

destination_limits::index destination_limits::find(std::string_view location) const {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        if (matches_part_of_location(entries_[i].limit.location, location)) {
            return i;
        }
    }
    return std::nullopt;
}

std::uint32_t destination_limits::room(index which, std::int64_t now_ms) const {
    if (!which) {
        return std::numeric_limits<std::uint32_t>::max();
    }
    const entry& one = entries_[*which];
    const std::uint32_t by_rate = one.gate.available(now_ms);
    const std::uint32_t most = one.limit.in_flight_max;
    return most == 0 ? by_rate : std::min(by_rate, most - std::min(most, one.in_flight));
}

std::int64_t destination_limits::next_ms(index which, std::int64_t now_ms) const {
    const bool waits_for_rate = which && entries_[*which].gate.available(now_ms) == 0;
    return waits_for_rate ? entries_[*which].gate.next_ms() : now_ms + full_look_again_ms;
}

void destination_limits::begin(index which, std::int64_t now_ms) {
    if (which) {
        ++entries_[*which].in_flight;
        entries_[*which].gate.take(now_ms);
    }
}

void destination_limits::end(index which) {
    if (which) {
        --entries_[*which].in_flight;
    }
}

}  // namespace hawser::engine
