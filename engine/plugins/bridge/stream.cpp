#include "plugins/bridge/stream.hpp"

#include <algorithm>
#include <cstring>

namespace hawser::engine {
namespace {

constexpr std::size_t error_text_size_max = 4096;

void report(const hawser_error* error, hawser_status status, const char* text) noexcept {
    if (error != nullptr && error->set != nullptr) {
        error->set(error->self, status, to_abi(text));
    }
}

std::int64_t read_source(void* self, void* buffer, std::uint64_t capacity, const hawser_error* error) noexcept {
    try {
        return static_cast<std::int64_t>(static_cast<stream_source*>(self)->read(buffer, capacity));
    } catch (const stream_failure& failure) {
        report(error, failure.status(), failure.what());
        return failure.status();
    } catch (const std::exception& failure) {
        report(error, HAWSER_IO, failure.what());
        return HAWSER_IO;
    }
}

class shared_bytes final : public stream_source {
public:
    explicit shared_bytes(std::shared_ptr<const std::string> bytes) : bytes_(std::move(bytes)) {}
    std::size_t read(void* buffer, std::size_t capacity) override {
        const std::size_t size = std::min(capacity, bytes_->size() - position_);
        std::memcpy(buffer, bytes_->data() + position_, size);
        position_ += size;
        return size;
    }
    std::int64_t size_hint() const override { return static_cast<std::int64_t>(bytes_->size() - position_); }

private:
    std::shared_ptr<const std::string> bytes_;
    std::size_t position_ = 0;
};

}  // namespace

void error_text::set(void* self, hawser_status, hawser_string text) noexcept {
    try {
        static_cast<error_text*>(self)->text_ = from_abi(text).substr(0, error_text_size_max);
    } catch (const std::bad_alloc&) {
        // The status still tells that it failed.
    }
}

body_stream& body_stream::operator=(body_stream&& other) noexcept {
    if (this != &other) {
        close();
        stream_ = other.release();
    }
    return *this;
}

std::size_t body_stream::read(void* buffer, std::size_t capacity) {
    error_text error;
    const std::int64_t size = stream_.read(stream_.self, buffer, capacity, error.abi());
    if (size < 0) {
        const std::string text =
            error.text().empty() ? "the body could not be read, and no reason was given" : error.text();
        throw stream_failure(static_cast<hawser_status>(std::max<std::int64_t>(size, INT32_MIN)), text);
    }
    if (static_cast<std::uint64_t>(size) > capacity) {
        throw stream_failure(HAWSER_MISUSE, "plugin misbehaving: a stream gave more bytes than it was asked for");
    }
    return static_cast<std::size_t>(size);
}

std::int64_t body_stream::size_hint() const {
    return stream_.size_hint == nullptr ? -1 : stream_.size_hint(stream_.self);
}

hawser_stream body_stream::release() noexcept {
    const hawser_stream released = stream_;
    stream_ = {};
    return released;
}

void body_stream::close() noexcept {
    const hawser_stream closing = release();
    if (closing.close != nullptr) {
        closing.close(closing.self);
    }
}

hawser_stream make_stream(std::unique_ptr<stream_source> source) {
    return {source.release(), &read_source,
            [](void* self) noexcept { return static_cast<stream_source*>(self)->size_hint(); },
            [](void* self) noexcept { delete static_cast<stream_source*>(self); }};
}

hawser_stream make_stream(std::shared_ptr<const std::string> bytes) {
    return make_stream(std::make_unique<shared_bytes>(std::move(bytes)));
}

}  // namespace hawser::engine
