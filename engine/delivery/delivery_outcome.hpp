// What came of one attempt, in the engine's own memory (an adapter's hawser_outcome lives only during complete).
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "hawser/abi.h"

namespace hawser::engine {

enum class verdict : std::uint8_t { delivered = 1, retry, failed, partial };

std::string_view name_of(verdict what) noexcept;

struct recipient_outcome {
    std::string address;
    engine::verdict verdict = verdict::retry;
    std::uint32_t reply_code = 0;
    std::string enhanced_status;
    std::string text;
};

struct delivery_outcome {
    engine::verdict verdict = verdict::retry;
    bool is_endpoint_down = false;
    bool is_maybe_duplicate = false;
    bool was_cancelled = false;  // by the host's stop: the attempt does not count
    bool is_not_begun = false;   // the adapter did not come to it in time: the attempt does not count
    bool is_corrupt = false;     // a defect of the message itself, not of the way
    std::int64_t not_before_unix_ms = 0;
    std::uint32_t reply_code = 0;
    std::string code;
    std::string enhanced_status;
    std::string text;
    std::vector<recipient_outcome> recipients;
    std::string resume_state;
    bool has_lost_state = false;  // its resume state was too long: another attempt would send to those that have it
};

inline constexpr std::size_t resume_state_size_max = 1024 * 1024;
inline constexpr std::size_t recipient_result_count_max = 100000;

// The engine could not go on with the attempt, or take down its outcome (no memory): a retry.
delivery_outcome internal_failure(const std::string& what, const std::exception& failure);

// Copies, sanitises and caps. An outcome that contradicts itself becomes a retry with the code "plugin.misbehaving" and
// its resume state; of one whose resume state is over the limit all the rest counts.
delivery_outcome copy_outcome(const hawser_outcome& from);

}  // namespace hawser::engine
