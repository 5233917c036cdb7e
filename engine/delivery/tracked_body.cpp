#include "delivery/tracked_body.hpp"

#include <utility>

namespace hawser::engine {
namespace {

void keep(const result<void>& done) {
    if (!done) {
        throw stream_failure(HAWSER_TRY_LATER, "it cannot be tracked, so it is not sent: " + done.error().text +
                                                   " (free space, or take \"bodies\" out of the port's tracking)");
    }
}

}  // namespace

class tracked_body::tee_source final : public stream_source {
public:
    tee_source(body_stream stream, std::shared_ptr<tracked_body> keeper)
        : stream_(std::move(stream)), keeper_(std::move(keeper)) {}
    std::size_t read(void* buffer, std::size_t capacity) override {
        const std::size_t size = stream_.read(buffer, capacity);
        if (size > 0) {
            keeper_->append(static_cast<const char*>(buffer), size);
        } else {
            keeper_->end();
        }
        return size;
    }
    std::int64_t size_hint() const override { return stream_.size_hint(); }

private:
    body_stream stream_;
    std::shared_ptr<tracked_body> keeper_;
};

body_stream tracked_body::tee(body_stream stream, std::shared_ptr<tracked_body> keeper) {
    return body_stream(make_stream(std::make_unique<tee_source>(std::move(stream), std::move(keeper))));
}

void tracked_body::append(const char* bytes, std::size_t size) {
    const std::lock_guard lock(mutex_);
    if (is_taken_) {
        return;
    }
    if (!stager_ && memory_.size() + size <= inline_body_size_max) {
        memory_.append(bytes, size);
        return;
    }
    if (!stager_) {
        stager_ = stage_();
        keep(stager_->append(memory_.data(), memory_.size()));
        memory_ = {};
    }
    keep(stager_->append(bytes, size));
}

void tracked_body::end() {
    const std::lock_guard lock(mutex_);
    if (stager_ && !is_taken_) {
        keep(stager_->flush());
    }
}

result<tracked_body::kept_bytes> tracked_body::take() {
    const std::lock_guard lock(mutex_);
    is_taken_ = true;
    if (!stager_) {
        return kept_bytes(std::exchange(memory_, {}));
    }
    result<staged_body> staged = stager_->finish();
    stager_.reset();
    if (!staged) {
        return unexpected{std::move(staged).error()};
    }
    return kept_bytes(std::move(*staged));
}

}  // namespace hawser::engine
