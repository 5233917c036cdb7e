// What the host lets go to one destination at a time and in a period, over all its ports (bindings: host.destinations).
// Pure: no threads; its user holds a lock. Times are monotonic.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "delivery/rate_gate.hpp"

namespace hawser::engine {

struct destination_limit {
    std::string location;             // a pattern, see message/location_pattern.hpp
    std::uint32_t in_flight_max = 0;  // 0 = no limit
    rate_limit rate;

    bool operator==(const destination_limit&) const = default;
};

class destination_limits {
public:
    using index = std::optional<std::size_t>;  // nullopt = nothing limits this location

    explicit destination_limits(const std::vector<destination_limit>& limits = {});

    index find(std::string_view location) const;  // the first whose pattern fits
    std::uint32_t room(index which, std::int64_t now_ms) const;
    std::int64_t next_ms(index which, std::int64_t now_ms) const;  // when there may be room; if none ends before
    void begin(index which, std::int64_t now_ms);
    void end(index which);

private:
    struct entry {
        destination_limit limit;
        rate_gate gate;
        std::uint32_t in_flight = 0;
    };
    std::vector<entry> entries_;
};

}  // namespace hawser::engine
