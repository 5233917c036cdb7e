// Whether a crash test's evidence holds the promises of the message box: what was acknowledged arrives, nothing else
// does, ordered ports keep their order, and only what was in flight at a crash comes again. A function of its
// arguments, so that it has tests of its own: a judge that lets everything pass would be worth nothing.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "journal.hpp"

namespace hawser::crash {

struct acknowledged_message {
    std::string message_id;
    body_identity body;
    std::uint64_t size = 0;
    std::string sha256;
    std::vector<std::string> ports;  // that have to get it, each once
};

struct evidence {
    std::vector<acknowledged_message> acknowledged;
    std::set<std::pair<std::uint32_t, std::uint32_t>> refused;  // submitter, sequence: told that nothing was stored
    journals written;
    std::set<std::uint32_t> crashed_runs;                // killed, or ended by a fault
    std::set<std::pair<std::string, std::string>> kept;  // message id, port: whole and suspended for good
    std::set<std::string> ordered_ports;
    std::uint32_t in_flight_max = 0;  // of all ports together
};

struct judgement {
    std::uint64_t delivered = 0;          // message and port, counted once however often it came
    std::uint64_t repeats = 0;            // delivered again
    std::uint64_t repeats_in_flight = 0;  // of these, the ones that were in flight at a crash
    std::uint64_t repeats_of_one_crash_max = 0;
    std::uint64_t retries = 0;
    std::uint64_t lost = 0;
    std::uint64_t unknown = 0;  // delivered, but never published, or not to that port
    std::uint64_t order_violations = 0;
    std::vector<std::string> violations;  // each in words

    bool holds() const noexcept { return violations.empty(); }
};

judgement judge(const evidence& given);

}  // namespace hawser::crash
