// Runs a receive port's pipeline over a submission: the parts are pulled through its components, whose properties and
// further parts are part of what comes out. Nothing is published here, and nothing may be before this has succeeded:
// a component may find out at the end of a body that the message is not what it seems (a wrong tag or signature).
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "hawser/types.hpp"
#include "runtime/receive_port.hpp"

namespace hawser::engine {

// The messages that receive pipelines are at work on, to cancel them all when the host stops. Thread-safe.
class messages_under_way {
public:
    void add(working_message& one);  // cancelled at once after cancel()
    void remove(working_message& one);
    void cancel();

private:
    std::mutex mutex_;
    std::set<working_message*> all_;
    bool is_cancelled_ = false;
};

// A submission's parts as the pipeline is given them: opened, and hashed as they are read. Streams that are taken from
// it have to be closed before it goes.
class submitted_bodies {
public:
    // What may keep a reader waiting is copied to a spool file first, here and now, so that no worker waits for it.
    // Throws stream_failure: the body cannot be read (HAWSER_IO), or not spooled (HAWSER_TRY_LATER).
    submitted_bodies(const submission& message, const std::string& spool_folder);
    ~submitted_bodies();
    submitted_bodies(const submitted_bodies&) = delete;
    submitted_bodies& operator=(const submitted_bodies&) = delete;

    hawser_stream open(std::size_t part_index);   // once a part
    const std::string& failure() const noexcept;  // of reading what was submitted; "" = none
    // SHA-256 of each part as submitted, to its end, whatever the pipeline read of it. Throws stream_failure.
    std::vector<std::string> finish();

private:
    struct state;
    class source;
    std::vector<std::unique_ptr<state>> parts_;
};

struct receive_environment {
    std::string message_id;
    std::int64_t received_unix_ms = 0;
    messages_under_way& under_way;
};

struct received_message {
    message_context context;
    std::vector<part_info> parts;  // the submitted ones, then those that components added
};

// Given each part's bytes, in order; reads them to their end. May throw stream_failure.
using part_reader = std::function<result<void>(body_stream& body)>;

// Code bad_input: a component refused the message (its reason is in the text); not_accepted: try again. [worker]
result<received_message> receive_message(const receive_port_runtime& port, message_context context,
                                         std::vector<part_info> parts, submitted_bodies& bodies,
                                         const receive_environment& environment, const part_reader& read_part);

}  // namespace hawser::engine
