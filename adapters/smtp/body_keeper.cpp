#include "body_keeper.hpp"

#include <algorithm>
#include <cstring>

#include "hawser/sdk/error.hpp"

namespace hawser::smtp {

void body_keeper::add(std::string_view bytes) {
    if (!file_ && memory_.size() + bytes.size() > memory_size_max) {
        file_.reset(std::tmpfile());
        if (!file_) {
            throw try_later("no temporary file could be made to keep the body for further recipients");
        }
        const std::string kept = std::move(memory_);
        memory_.clear();
        add(kept);
    }
    if (!file_) {
        memory_ += bytes;
    } else if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size()) {
        throw try_later("the body could not be kept for further recipients: the temporary folder may be full");
    }
}

void body_keeper::rewind() {
    position_ = 0;
    if (file_ && (std::fflush(file_.get()) != 0 || std::fseek(file_.get(), 0, SEEK_SET) != 0)) {
        throw try_later("the body could not be kept for further recipients: the temporary folder may be full");
    }
}

std::size_t body_keeper::read(char* buffer, std::size_t capacity) {
    if (file_) {
        const std::size_t size = std::fread(buffer, 1, capacity, file_.get());
        if (size == 0 && std::ferror(file_.get()) != 0) {
            throw try_later("the body that was kept for further recipients could not be read");
        }
        return size;
    }
    const std::size_t size = std::min(capacity, memory_.size() - position_);
    std::memcpy(buffer, memory_.data() + position_, size);
    position_ += size;
    return size;
}

}  // namespace hawser::smtp
