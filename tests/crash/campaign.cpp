#include "campaign.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <stdexcept>
#include <thread>

#include "final_account.hpp"
#include "hawser/host.hpp"
#include "host_process.hpp"
#include "submitters.hpp"

namespace hawser::crash {
namespace {

using test::fault;
using test::fault_kind;
using test::file_operation;

constexpr int exit_io_error = 74;  // of a host that cannot sync
constexpr std::int64_t sync_failure_wait_max_ms = 5000;
constexpr std::uint32_t in_flight_max = 4 + 1 + 1 + 4 + 4 + 4 + 4;  // of the ports below

// Interval "0s": what is to be retried is due at once, so that kills meet retries of every age.
constexpr const char* bindings_text = R"({
  "host": { "name": "Crash", "messageBox": { "path": "box.db" }, "stopGrace": "20s" },
  "plugins": ["PLUGIN"],
  "sendHandlers": { "JOURNAL": { "Folder": "FOLDER" } },
  "sendPorts": [
    { "name": "Retries", "maxInFlight": 4, "primaryTransport": { "type": "JOURNAL", "address": "journal:out",
        "retryCount": 1000, "retryInterval": "0s",
        "properties": { "RetryPermille": 200, "FailPermille": 10, "HoldMilliseconds": 16 } } },
    { "name": "Ordered", "orderedDelivery": true, "stopSendingOnFailure": true,
      "primaryTransport": { "type": "JOURNAL", "address": "journal:out", "retryCount": 1000, "retryInterval": "0s",
        "properties": { "RetryPermille": 50, "FailPermille": 2, "HoldMilliseconds": 4 } } },
    { "name": "OrderedSkipping", "orderedDelivery": true,
      "primaryTransport": { "type": "JOURNAL", "address": "journal:out", "retryCount": 1, "retryInterval": "0s",
        "properties": { "RetryPermille": 50, "FailPermille": 5, "HoldMilliseconds": 4 } } },
    { "name": "GroupFirst", "maxInFlight": 4, "primaryTransport": { "type": "JOURNAL", "address": "journal:out",
        "retryCount": 1000, "retryInterval": "0s", "properties": { "RetryPermille": 20, "HoldMilliseconds": 10 } } },
    { "name": "GroupSecond", "maxInFlight": 4, "priority": 2,
      "filter": { "anyOf": [ { "allOf": [ ["Crash.Kind", "==", "both"] ] } ] },
      "primaryTransport": { "type": "JOURNAL", "address": "journal:out", "retryCount": 1000, "retryInterval": "0s",
        "properties": { "RetryPermille": 20, "HoldMilliseconds": 10 } } },
    { "name": "Large", "maxInFlight": 4, "primaryTransport": { "type": "JOURNAL", "address": "journal:out",
        "retryCount": 1000, "retryInterval": "0s", "properties": { "RetryPermille": 50, "HoldMilliseconds": 20 } } },
    { "name": "Backup", "maxInFlight": 4,
      "primaryTransport": { "type": "JOURNAL", "address": "journal:out", "retryCount": 1, "retryInterval": "0s",
        "properties": { "RetryPermille": 400, "FailPermille": 100, "HoldMilliseconds": 10 } },
      "backupTransport": { "type": "JOURNAL", "address": "journal:backup", "retryCount": 1000, "retryInterval": "0s",
        "properties": { "RetryPermille": 100, "HoldMilliseconds": 10 } } }
  ],
  "sendPortGroups": [ { "name": "Both", "ports": ["GroupFirst", "GroupSecond"],
    "filter": { "anyOf": [ { "allOf": [ ["Crash.Kind", "==", "both"] ] } ] } } ]
}
)";

std::vector<load_kind> load_kinds() {
    constexpr std::size_t small = 100;
    constexpr std::size_t medium = 8 * 1024;
    constexpr std::size_t mebibyte = 1024 * 1024;
    const load_kind retries{"Retries", {"Retries"}, small, medium, 8};
    const load_kind ordered{"Ordered", {"Ordered"}, small, medium, 60};
    const load_kind skipping{"OrderedSkipping", {"OrderedSkipping"}, small, medium, 60};
    const load_kind group{"", {"GroupFirst", "GroupSecond"}, small, medium, 12};
    const load_kind large{"Large", {"Large"}, mebibyte, 8 * mebibyte, 500};
    const load_kind backup{"Backup", {"Backup"}, small, medium, 12};
    return {retries, retries, ordered, ordered, skipping, skipping, group, large, backup};
}

std::string write_bindings(const std::string& folder) {
    std::string text = bindings_text;
    text.replace(text.find("PLUGIN"), 6, CRASH_PLUGIN);
    text.replace(text.find("FOLDER"), 6, folder);
    const std::string path = folder + "/bindings.json";
    std::ofstream(path) << text;
    return path;
}

std::unique_ptr<configuration> load_or_throw(const std::string& bindings) {
    load_result loaded = load(bindings);
    if (!loaded.value) {
        throw std::runtime_error("the crash test's bindings are refused: " + loaded.problems.front().line_text());
    }
    return std::move(loaded.value);
}

// Looks after the queue while hosts come and go, as an operator would.
class attendant {
public:
    explicit attendant(const configuration& loaded) : thread_([this, &loaded] { run(loaded); }) {}
    ~attendant() { finish(); }
    attendant(const attendant&) = delete;
    attendant& operator=(const attendant&) = delete;
    void finish() {
        is_finishing_ = true;
        if (thread_.joinable()) {
            thread_.join();
        }
    }
    std::set<std::int64_t>& suspended_by_crashes() noexcept { return suspended_by_crashes_; }  // after finish()

private:
    void run(const configuration& loaded) {
        while (!is_finishing_) {
            try {
                if (const opened<bus> host = connect(loaded); host.value) {
                    resume_suspended(*host.value, suspended_by_crashes_);
                }
            } catch (const std::runtime_error&) {
                // The host was killed before it answered: the next one is asked again.
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
        }
    }
    std::atomic<bool> is_finishing_ = false;
    std::set<std::int64_t> suspended_by_crashes_;
    std::thread thread_;  // last: it uses the others
};

class campaign {
public:
    explicit campaign(const campaign_options& options)
        : options_(options),
          chance_(options.seed),
          settings_{write_bindings(options.folder), options.folder + "/host.log", options.seed, options.has_faults},
          loaded_(load_or_throw(settings_.bindings)) {}

    campaign_result run() {
        attendant operator_of_the_day(*loaded_);
        submitters load(*loaded_, load_kinds(), options_.seed);
        while (result_.counts.kills < options_.kills) {
            crash_once();
        }
        settings_.has_faults = false;
        host_process last = next_host();
        load.finish();
        operator_of_the_day.finish();
        std::set<std::int64_t>& by_crashes = operator_of_the_day.suspended_by_crashes();
        const opened<bus> host = connect(*loaded_);
        if (!host.value) {
            throw std::runtime_error("the last host takes no clients: " + host.text);
        }
        std::vector<std::string> violations = load.surprises();
        violations.insert(violations.end(), violations_.begin(), violations_.end());
        const auto kept = drain(*host.value, load.acknowledged(), by_crashes, violations);
        if (const int status = last.stop(); status != 0) {
            violations.push_back("the last host did not stop cleanly: status " + std::to_string(status));
        }
        check_empty_box(loaded_->message_box_path(), violations);
        count(load, by_crashes.size(), kept.size());
        result_.found = judge({load.acknowledged(),
                               load.given_up(),
                               read_journals(options_.folder),
                               crashed_runs_,
                               kept,
                               {"Ordered", "OrderedSkipping"},
                               in_flight_max});
        result_.found.violations.insert(result_.found.violations.end(), violations.begin(), violations.end());
        return std::move(result_);
    }

private:
    std::int64_t between(std::int64_t least, std::int64_t most) {
        return std::uniform_int_distribution<std::int64_t>(least, most)(chance_);
    }
    bool happens(double probability) { return std::bernoulli_distribution(probability)(chance_); }
    static void sleep_ms(std::int64_t duration_ms) {
        std::this_thread::sleep_for(std::chrono::milliseconds(duration_ms));
    }

    host_process next_host() {
        result_.counts.cut_lines += drop_unfinished_lines(options_.folder);
        return {settings_, ++run_};
    }

    // One run of a host, from its start to its violent end. Some lives are so short that the same messages are in
    // flight again: after three such crashes they are suspended.
    void crash_once() {
        const auto begun = std::chrono::steady_clock::now();
        host_process host = next_host();
        note_start(std::chrono::steady_clock::now() - begun);
        int status = 0;
        if (options_.has_faults && happens(0.1)) {
            status = fail_sync(host);
        } else if (options_.has_faults && happens(0.5)) {
            status = fail_writes(host);
        } else {
            sleep_ms(happens(0.3) ? between(0, 10) : between(50, 600));
            status = host.kill();
        }
        crashed_runs_.insert(run_);
        if (status == killed_status) {
            ++result_.counts.kills;
        } else if (status == exit_io_error && options_.has_faults) {
            ++result_.counts.fault_ends;
        } else {
            violations_.push_back("the host of run " + std::to_string(run_) + " ended by itself with status " +
                                  std::to_string(status) + ": see " + settings_.log_file);
        }
    }

    void note_start(std::chrono::steady_clock::duration took) {
        const auto took_ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
        result_.counts.start_ms_sum += static_cast<std::uint64_t>(took_ms);
        result_.counts.start_ms_max = std::max(result_.counts.start_ms_max, static_cast<std::uint64_t>(took_ms));
    }

    int fail_sync(host_process& host) {
        sleep_ms(between(0, 300));
        const int code = SQLITE_IOERR_FSYNC;
        host.inject({.operation = file_operation::sync, .code = code, .file_suffix = happens(0.8) ? "-wal" : ""});
        if (const std::optional<int> status = host.wait(sync_failure_wait_max_ms)) {
            result_.counts.faults_injected += 1;
            return *status;
        }
        violations_.push_back("the host of run " + std::to_string(run_) +
                              " goes on under load although no file can be synced");
        return host.kill();
    }

    int fail_writes(host_process& host) {
        sleep_ms(between(0, 300));
        const int codes[] = {SQLITE_FULL, SQLITE_IOERR_WRITE, SQLITE_READONLY};
        const char* suffixes[] = {"-wal", "-wal", "", ".db"};
        host.inject({.operation = file_operation::write,
                     .code = codes[between(0, 2)],
                     .file_suffix = suffixes[between(0, 3)],
                     .probability = happens(0.5) ? 1 : 0.2,
                     .kind = happens(0.5) ? fault_kind::torn : fault_kind::refused});
        sleep_ms(between(20, 300));
        if (happens(0.7)) {  // else it dies while the disk fails
            result_.counts.faults_injected += host.clear_faults().value_or(0);
            sleep_ms(between(0, 600));
        }
        return host.kill();
    }

    void count(const submitters& load, std::size_t suspended, std::size_t kept) {
        campaign_counts& counts = result_.counts;
        counts.runs = run_;
        counts.submissions = load.submission_count();
        counts.acknowledged = load.acknowledged().size();
        counts.known_repeats = load.repeat_count();
        counts.refused = load.refusal_count();
        counts.uncertain = load.uncertain_count();
        counts.given_up = load.given_up().size();
        counts.crashes_suspended = suspended;
        counts.kept = kept;
    }

    campaign_options options_;
    std::mt19937_64 chance_;
    host_settings settings_;
    std::unique_ptr<configuration> loaded_;
    std::uint32_t run_ = 0;
    std::set<std::uint32_t> crashed_runs_;
    std::vector<std::string> violations_;
    campaign_result result_;
};

}  // namespace

campaign_result run_campaign(const campaign_options& options) { return campaign(options).run(); }

}  // namespace hawser::crash
