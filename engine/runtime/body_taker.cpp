#include "runtime/body_taker.hpp"

#include "runtime/content_digest.hpp"

namespace hawser::engine {

result<void> body_taker::take(std::string_view bytes) {
    size_ += bytes.size();
    if (digest_ != nullptr) {
        digest_->add(bytes);
    }
    if (!stager_ && memory_.size() + bytes.size() <= inline_body_size_max) {
        memory_ += bytes;
        return {};
    }
    if (!stager_) {
        stager_ = box_.stage_body();
        if (result<void> done = append(memory_); !done) {
            return done;
        }
        memory_.clear();
    }
    return append(bytes);
}

result<new_part> body_taker::finish(part_info info) {
    info.size = size_;
    new_part part{std::move(info), std::string{}};
    if (!stager_) {
        part.body = std::move(memory_);
        return part;
    }
    result<staged_body> staged = stager_->finish();
    if (!staged) {
        return fail("not_accepted", staged.error().text);
    }
    part.body = std::move(*staged);
    return part;
}

result<void> body_taker::append(std::string_view bytes) {
    if (result<void> done = stager_->append(bytes.data(), bytes.size()); !done) {
        return fail("not_accepted", done.error().text);
    }
    if (on_progress_) {
        on_progress_(size_);
    }
    return {};
}

void discard_bodies(message_box& box, const std::vector<new_part>& parts) noexcept {
    for (const new_part& part : parts) {
        if (const auto* staged = std::get_if<staged_body>(&part.body)) {
            box.discard_body(*staged);
        }
    }
}

}  // namespace hawser::engine
