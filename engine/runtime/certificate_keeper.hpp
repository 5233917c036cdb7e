// Looks after the certificates of a running host: takes changed files, logs their problems, and warns once a day of
// those that end soon. Made by local_host; one a host. Threads: its own, from start() to stop(); reading files and
// opening keys takes as long as it takes, so it is no other thread's business.
//
// It asks the folders (one stat() a file) instead of having the kernel tell it: that finds changes on network file
// systems and behind symbolic links (the secrets of container hosts) too, and a file that is still written has to be
// looked at again in any case.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "base/clock.hpp"
#include "runtime/host_generation.hpp"

namespace hawser::engine {

class certificate_keeper {
public:
    using generation_function = std::function<std::shared_ptr<const host_generation>()>;

    certificate_keeper(generation_function generation, clock& time) : generation_(std::move(generation)), time_(time) {}
    ~certificate_keeper() { stop(); }
    certificate_keeper(const certificate_keeper&) = delete;
    certificate_keeper& operator=(const certificate_keeper&) = delete;

    void start();
    void stop();  // after the look under way. Blocks
    void look();  // once; only where it is not started

private:
    void run();
    void log_changes(const host_generation& current, bool has_changed);
    void warn_of_ends(const host_generation& current);

    static constexpr std::chrono::seconds interval{2};

    generation_function generation_;
    clock& time_;
    std::set<std::string> problems_;               // as they were logged last
    std::map<std::string, std::int64_t> warned_;   // when, in Unix time, by thumbprint
    std::int64_t looked_at_ends_ms_ = 0;           // monotonic
    std::uint64_t revision_ = 0;                   // whose ends were looked at
    std::weak_ptr<const host_generation> former_;  // whose ends were looked at
    std::mutex mutex_;
    std::condition_variable changed_;
    bool is_stopping_ = false;
    std::thread thread_;
};

}  // namespace hawser::engine
