// The archives that a host has open: one for each folder, however many ports use it and however often the bindings are
// reloaded. One that nobody uses any more is signed and closed on a thread of its own, because whoever lets go of it
// last may be a thread of its own or of an adapter; where no thread can be had it waits. Thread-safe.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "audit/archive.hpp"

namespace hawser::engine::audit {

class archive_registry {
public:
    explicit archive_registry(clock& time) : time_(time) {}
    ~archive_registry() { finish(); }
    archive_registry(const archive_registry&) = delete;
    archive_registry& operator=(const archive_registry&) = delete;

    // The archive that is open in that folder, as it is (archive::change applies other settings), or a new one.
    std::shared_ptr<archive> open(const archive_settings& settings);
    std::vector<std::string> troubles() const;  // of those in use, for a person
    // Signs and closes all of them; entries that are still open are refused from then on. Blocks.
    void finish();

private:
    void retire(archive* one);
    void run();

    clock& time_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, std::weak_ptr<archive>> open_;
    std::deque<std::unique_ptr<archive>> retired_;
    bool is_finishing_ = false;
    std::thread thread_;  // from the first one on
};

}  // namespace hawser::engine::audit
