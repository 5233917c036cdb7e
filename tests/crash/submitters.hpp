// The load: a thread for each kind of message, which submits one after another through the host's socket and remembers
// what was acknowledged. A submission without a clear answer is repeated with its key until there is one, over any
// number of crashes; of those that were clearly refused, some are given up, and must then never arrive.
//
// Threads: start and finish by one thread; the counts may be read at any time. Ownership: the configuration outlives
// it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "hawser/host.hpp"
#include "judge.hpp"

namespace hawser::crash {

// What one submitter submits, and how fast.
struct load_kind {
    std::string port;                      // "" = the filters route it, by Crash.Kind
    std::vector<std::string> subscribers;  // who has to get it
    std::size_t size_min = 0;
    std::size_t size_max = 0;
    std::int64_t pause_max_ms = 0;
};

class submitters {
public:
    submitters(const configuration& loaded, std::vector<load_kind> kinds, std::uint32_t seed);
    submitters(const submitters&) = delete;
    submitters& operator=(const submitters&) = delete;
    ~submitters();

    // Each finishes the submission it is at: a host has to run.
    void finish();

    std::uint64_t submission_count() const noexcept { return submission_count_; }
    std::uint64_t refusal_count() const noexcept { return refusal_count_; }      // by a message box that failed
    std::uint64_t uncertain_count() const noexcept { return uncertain_count_; }  // answers lost in a crash
    std::uint64_t repeat_count() const noexcept { return repeat_count_; }        // acknowledged: was there already

    // Valid after finish().
    const std::vector<acknowledged_message>& acknowledged() const noexcept { return acknowledged_; }
    const std::set<std::pair<std::uint32_t, std::uint32_t>>& given_up() const noexcept { return given_up_; }
    const std::vector<std::string>& surprises() const noexcept { return surprises_; }

private:
    void run(std::uint32_t number, const load_kind& kind);
    void submit_one(bus& host, const load_kind& kind, const body_identity& who, std::mt19937_64& chance);
    bool take_answer(const submit_answer& answer, acknowledged_message& message, bool may_give_up);
    std::unique_ptr<bus> connect_patiently();

    const configuration& loaded_;
    const std::uint32_t seed_;
    std::atomic<bool> is_finishing_ = false;
    std::atomic<std::uint64_t> submission_count_ = 0;
    std::atomic<std::uint64_t> refusal_count_ = 0;
    std::atomic<std::uint64_t> uncertain_count_ = 0;
    std::atomic<std::uint64_t> repeat_count_ = 0;
    std::mutex mutex_;
    std::vector<acknowledged_message> acknowledged_;
    std::set<std::pair<std::uint32_t, std::uint32_t>> given_up_;
    std::vector<std::string> surprises_;
    std::vector<std::thread> threads_;
};

}  // namespace hawser::crash
