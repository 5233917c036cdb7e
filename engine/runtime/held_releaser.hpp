// Releases what is held for groups that were started, a piece after the other, so that a million held messages never
// stand in the way of anything else. Made by local_host; one a host. Threads: release() from any thread; the pieces are
// asked for on a thread that is there only while there is something to release. A piece that the box refuses is asked
// for again after a while. What a host does not get to is released when it starts again.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>

namespace hawser::engine {

enum class release_progress : std::uint8_t { more = 1, done, refused };

class held_releaser {
public:
    // Releases the next piece of a group and waits until that is durable; `done` also where it is not started any more.
    using piece_function = std::function<release_progress(const std::string& group)>;

    explicit held_releaser(piece_function release_piece) : release_piece_(std::move(release_piece)) {}
    ~held_releaser() { stop(); }
    held_releaser(const held_releaser&) = delete;
    held_releaser& operator=(const held_releaser&) = delete;

    void release(const std::string& group);  // std::system_error: no thread; the next release() begins this one too
    void stop();                             // after the piece under way. Blocks

private:
    void run();

    piece_function release_piece_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::set<std::string> groups_;
    bool is_running_ = false;
    bool is_stopping_ = false;
    std::thread thread_;
};

}  // namespace hawser::engine
