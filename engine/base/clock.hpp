// The engine's only sources of time and of randomness for identifiers, so that tests can replace them.
#pragma once

#include <cstdint>
#include <string>

namespace hawser::engine {

class clock {
public:
    virtual ~clock() = default;
    virtual std::int64_t unix_ms() const noexcept = 0;       // wall clock, UTC
    virtual std::int64_t monotonic_ms() const noexcept = 0;  // never goes back; for time-outs and rates
};

std::string rfc3339(std::int64_t unix_ms);  // "2026-11-25T08:30:00Z"

clock& system_clock() noexcept;  // lives for the whole process; thread-safe

}  // namespace hawser::engine
