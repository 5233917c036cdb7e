// Counters that plugins keep by name ("SMTP.messagesSent"); logged when the host stops. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "plugins/bridge/instance_host.hpp"

namespace hawser::engine {

inline constexpr std::size_t counter_count_max = 1000;

class counters final : public metrics {
public:
    void add(std::string_view counter, std::int64_t delta) noexcept override;
    std::map<std::string, std::int64_t, std::less<>> values() const;

private:
    mutable std::mutex mutex_;
    std::map<std::string, std::int64_t, std::less<>> values_;
};

}  // namespace hawser::engine
