// What a port's tracking keeps of a delivery's body after the pipeline: the bytes go into it on their way to the
// adapter, in memory while there are few, then in a staged file.
//
// Made by an attempt, which shares it with the stream that it reads from. Threads: the stream is read on a worker;
// take() from any thread, after which nothing more is kept. Memory: at most inline_body_size_max, whatever the body.
// Failure: what cannot be kept is not sent. A read fails as HAWSER_TRY_LATER where its bytes cannot be written or, at
// the end, made durable, so that the adapter breaks off and the delivery is tried again; nothing is ever delivered and
// silently not tracked. One that ends without take() (a retry) leaves nothing behind.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>

#include "messagebox/message_box.hpp"
#include "plugins/bridge/stream.hpp"

namespace hawser::engine {

struct tracking_options {  // of a send port
    bool properties_before = false;
    bool bodies_before = false;
    bool properties_after = false;
    bool bodies_after = false;
    bool is_on() const noexcept { return properties_before || bodies_before || properties_after || bodies_after; }
};

class tracked_body {
public:
    using stage_function = std::function<std::unique_ptr<body_stager>()>;
    using kept_bytes = std::variant<std::string, staged_body>;

    explicit tracked_body(stage_function stage) : stage_(std::move(stage)) {}

    // The same stream; what is read of it is kept in `keeper` first.
    static body_stream tee(body_stream stream, std::shared_ptr<tracked_body> keeper);

    // What was read. Quick after the stream's end; else it waits for the disk, and may fail.
    result<kept_bytes> take();

private:
    class tee_source;
    void append(const char* bytes, std::size_t size);
    void end();

    stage_function stage_;
    std::mutex mutex_;
    std::string memory_;
    std::unique_ptr<body_stager> stager_;  // once there is more than fits in memory
    bool is_taken_ = false;
};

}  // namespace hawser::engine
