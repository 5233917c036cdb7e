// The crash test's course: a host under load is killed again and again, sometimes while its disk fails, then a last run
// delivers what is left, and everything is judged. Failure: std::runtime_error where a host does not start, stop or
// drain; what breaks a promise of the message box is in the result.
#pragma once

#include <cstdint>
#include <string>

#include "judge.hpp"

namespace hawser::crash {

struct campaign_options {
    std::string folder;  // empty, exists
    std::uint32_t kills = 200;
    std::uint32_t seed = 0;
    bool has_faults = false;
};

struct campaign_counts {
    std::uint64_t runs = 0;
    std::uint64_t start_ms_sum = 0;  // until a host is ready, on the box that the one before left
    std::uint64_t start_ms_max = 0;
    std::uint64_t kills = 0;
    std::uint64_t fault_ends = 0;       // the host ended by itself because a sync had failed
    std::uint64_t faults_injected = 0;  // file operations that failed, as far as the host lived to tell
    std::uint64_t submissions = 0;
    std::uint64_t acknowledged = 0;
    std::uint64_t known_repeats = 0;  // submissions repeated after a crash that were there already
    std::uint64_t refused = 0;        // answers of a box on a failing disk: nothing was stored
    std::uint64_t uncertain = 0;      // answers that a crash cut off
    std::uint64_t given_up = 0;       // submissions refused, or without a host, and not repeated
    std::uint64_t crashes_suspended = 0;
    std::uint64_t cut_lines = 0;  // of a journal, by a kill in the middle of a write: attempts never answered
    std::uint64_t kept = 0;       // suspended for good by an ordered port, found whole in the box at the end
};

struct campaign_result {
    campaign_counts counts;
    judgement found;
};

campaign_result run_campaign(const campaign_options& options);

}  // namespace hawser::crash
