// Whose turn it is among ports of different priority (spec section 4: 1 is the most urgent, 10 the least): the smaller
// comes first. Each turn that a port waits for counts, so that the most urgent port never holds back another for ever:
// at the worst, the least urgent gets one turn in 73.
#pragma once

#include <cstdint>

namespace hawser::engine {

constexpr std::int64_t urgency(std::uint8_t priority, std::uint64_t turns_waited) noexcept {
    constexpr std::int64_t turns_a_level = 8;
    return turns_a_level * priority - static_cast<std::int64_t>(turns_waited);
}

}  // namespace hawser::engine
