// Bodies as pull streams: body_stream owns and reads one; a stream_source becomes one; a filter transforms one as it
// passes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "hawser/sdk/error.hpp"

namespace hawser {
inline namespace sdk_1 {

class body_stream {
public:
    body_stream() = default;
    explicit body_stream(const hawser_stream& owned) noexcept : stream_(owned) {}
    body_stream(body_stream&& other) noexcept : stream_(other.release()) {}
    body_stream& operator=(body_stream&& other) noexcept {
        if (this != &other) {
            close();
            stream_ = other.release();
        }
        return *this;
    }
    ~body_stream() { close(); }

    explicit operator bool() const noexcept { return stream_.read != nullptr; }

    // 0 = end. Throws failure with the stream's own status; afterwards the stream is of no more use: one of make_stream
    // fails again.
    std::size_t read(void* buffer, std::size_t capacity) {
        detail::error_sink error;
        const std::int64_t size = stream_.read(stream_.self, buffer, capacity, error.abi());
        if (size < 0) {
            error.check(static_cast<hawser_status>(size), "reading a body");
        }
        return static_cast<std::size_t>(size);
    }
    std::int64_t size_hint() const {
        return stream_.size_hint == nullptr ? -1 : stream_.size_hint(stream_.self);
    }  // exact, or -1
    hawser_stream release() noexcept { return std::exchange(stream_, hawser_stream{}); }
    void close() noexcept {
        const hawser_stream closing = release();
        if (closing.close != nullptr) {
            closing.close(closing.self);
        }
    }

private:
    hawser_stream stream_{};
};

// A body that a plugin makes. Its destructor is the stream's close.
class stream_source {
public:
    virtual ~stream_source() = default;
    // 0 = end; throws failure. Not called again after it has thrown.
    virtual std::size_t read(void* buffer, std::size_t capacity) = 0;
    virtual std::int64_t size_hint() { return -1; }
};

namespace detail {

// A source that failed is not read again: half way through a block it could go on as if nothing had happened, and a
// body end as if it were whole. The failure is repeated instead.
class stream_bridge {
public:
    explicit stream_bridge(std::unique_ptr<stream_source> source) : source_(std::move(source)) {}

    std::int64_t read(void* buffer, std::uint64_t capacity, const hawser_error* error) noexcept {
        if (failed_status_ < 0) {
            return report(error, failed_status_, failed_text_);
        }
        error_sink failed;
        const std::int64_t size = guard(failed.abi(), [&] {
            return static_cast<std::int64_t>(source_->read(buffer, static_cast<std::size_t>(capacity)));
        });
        if (size < 0) {
            failed_status_ = static_cast<hawser_status>(size);
            failed_text_ = failed.take_text();
            report(error, failed_status_, failed_text_);
        }
        return size;
    }
    std::int64_t size_hint() noexcept {
        try {
            return failed_status_ < 0 ? -1 : source_->size_hint();
        } catch (...) {
            return -1;
        }
    }

private:
    std::unique_ptr<stream_source> source_;
    hawser_status failed_status_ = HAWSER_OK;
    std::string failed_text_;
};

}  // namespace detail

inline body_stream make_stream(std::unique_ptr<stream_source> source) {
    hawser_stream stream{};
    stream.read = [](void* self, void* buffer, std::uint64_t capacity,
                     const hawser_error* error) noexcept -> std::int64_t {
        return static_cast<detail::stream_bridge*>(self)->read(buffer, capacity, error);
    };
    stream.size_hint = [](void* self) noexcept -> std::int64_t {
        return static_cast<detail::stream_bridge*>(self)->size_hint();
    };
    stream.close = [](void* self) noexcept { delete static_cast<detail::stream_bridge*>(self); };
    stream.self = new detail::stream_bridge(std::move(source));
    return body_stream(stream);
}

// Wraps a body in a filter: an object with write(std::string_view in, std::string& out) and finish(std::string& out).
// Memory stays constant as long as the filter's output for one block does.
template <typename Filter>
class filtered_stream final : public stream_source {
public:
    filtered_stream(body_stream upstream, Filter filter) : upstream_(std::move(upstream)), filter_(std::move(filter)) {}

    std::size_t read(void* buffer, std::size_t capacity) override {
        while (position_ == output_.size() && !is_at_end_) {
            output_.clear();
            position_ = 0;
            if (!input_) {
                input_size_ = input_size();
                input_.reset(new char[input_size_]);
            }
            const std::size_t size = upstream_.read(input_.get(), input_size_);
            if (size == 0) {
                is_at_end_ = true;
                filter_.finish(output_);
            } else {
                output_.reserve(size + size / 2);
                filter_.write(std::string_view(input_.get(), size), output_);
            }
        }
        const std::size_t size = std::min(capacity, output_.size() - position_);
        std::memcpy(buffer, output_.data() + position_, size);
        position_ += size;
        return size;
    }

private:
    std::size_t input_size() const {  // a short body needs no large block
        const std::int64_t left = upstream_.size_hint();
        return left >= 0 && left < static_cast<std::int64_t>(block_size) ? static_cast<std::size_t>(left) + 1
                                                                         : block_size;
    }

    static constexpr std::size_t block_size = 32 * 1024;
    body_stream upstream_;
    Filter filter_;
    std::unique_ptr<char[]> input_;
    std::size_t input_size_ = 0;
    std::string output_;
    std::size_t position_ = 0;
    bool is_at_end_ = false;
};

}  // namespace sdk_1
}  // namespace hawser
