// The archives that a host has open: one for each folder, however many ports use it and however often the bindings are
// reloaded. One that nobody uses any more is signed and closed on a thread of the registry's, because whoever lets go
// of it last may be a thread of its own or of an adapter; until then its folder is not opened again. Thread-safe.
#pragma once

#include <condition_variable>
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

    // The archive that is open in that folder, as it is (archive::change applies other settings), or a new one. Blocks
    // while a former one is being closed: not on a thread that one of them needs for its answers.
    std::shared_ptr<archive> open(const archive_settings& settings);
    std::vector<std::string> troubles() const;  // of those in use, for a person
    // Signs and closes all of them; entries that are still open are refused from then on. Blocks.
    void finish();

private:
    // What is, or was, in one folder.
    struct place {
        bool is_taken = false;          // from before an archive is made until after it is destroyed
        std::weak_ptr<archive> open;    // gone: nobody uses it any more
        std::unique_ptr<archive> left;  // to be closed
    };

    void retire(place& from, archive* one) noexcept;
    std::shared_ptr<archive> make(place& in, const archive_settings& settings);
    void vacate(place& one);
    place* find_left();
    void run();

    clock& time_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, place> places_;  // by folder; they stay
    bool is_finishing_ = false;
    std::thread thread_;  // from before the first one: where the last user lets go, a failure could not be told
};

}  // namespace hawser::engine::audit
