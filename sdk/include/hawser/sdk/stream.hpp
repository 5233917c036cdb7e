// Bodies: body_stream owns one and reads it; make_stream turns an object of yours into one; a filter changes bytes as they
// pass. Forward only, one reader, though not always on the same thread: keep no thread-affine state in a source or filter.
// Memory is bounded by filter_chunk_size and what your filter appends for one such chunk.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hawser/sdk/error.hpp"

namespace hawser {
inline namespace sdk_1 {

inline constexpr std::size_t filter_chunk_size = 32 * 1024;
inline constexpr std::size_t filter_output_kept_max = 256 * 1024;   // more than this is given back after use

// Owns a stream: closes it exactly once. read gives the number of bytes, 0 at the end, and throws stream_failure.
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

    bool is_open() const noexcept { return stream_.read != nullptr; }

    std::size_t read(void* buffer, std::size_t capacity) {
        if (!is_open()) {
            throw stream_failure(HAWSER_MISUSE, "a body was read that is not open");
        }
        detail::error_receiver said;
        const std::int64_t size = stream_.read(stream_.self, buffer, capacity, said.abi());
        if (size < 0) {
            throw stream_failure(static_cast<hawser_status>(size), said.text_or("the body could not be read"));
        }
        if (static_cast<std::uint64_t>(size) > capacity) {
            throw stream_failure(HAWSER_MISUSE, "a body stream gave more bytes than it was asked for");
        }
        return static_cast<std::size_t>(size);
    }
    std::size_t read(std::span<std::byte> buffer) { return read(buffer.data(), buffer.size()); }

    // The exact number of bytes left, where that is known.
    std::optional<std::uint64_t> size_hint() const noexcept {
        const std::int64_t size = is_open() && stream_.size_hint != nullptr ? stream_.size_hint(stream_.self) : -1;
        return size < 0 ? std::nullopt : std::optional(static_cast<std::uint64_t>(size));
    }

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

// Derive from it to make a stream of your own. read: bytes written to the buffer, 0 at the end; throw for a failure.
class stream_source {
public:
    virtual ~stream_source() = default;
    virtual std::int64_t read(std::span<std::byte> buffer) = 0;
    virtual std::int64_t size_hint() { return -1; }   // the exact number of bytes left, or -1
};

namespace detail {

struct stream_functions {
    static std::int64_t read(void* self, void* buffer, std::uint64_t capacity, const hawser_error* error) noexcept {
        std::int64_t size = 0;
        const hawser_status status = guard(error, [&] {
            const std::span room(static_cast<std::byte*>(buffer), static_cast<std::size_t>(capacity));
            size = static_cast<stream_source*>(self)->read(room);
            if (size < 0) {
                throw stream_failure(static_cast<hawser_status>(size), "the body could not be read");
            }
        });
        return status == HAWSER_OK ? size : status;
    }
    static std::int64_t size_hint(void* self) noexcept {
        std::int64_t size = -1;
        return guard(nullptr, [&] { size = static_cast<stream_source*>(self)->size_hint(); }) == HAWSER_OK ? size : -1;
    }
    static void close(void* self) noexcept { delete static_cast<stream_source*>(self); }
};

}  // namespace detail

inline body_stream make_stream(std::unique_ptr<stream_source> source) {
    if (!source) {
        throw failure(HAWSER_MISUSE, "make_stream was given no source");
    }
    return body_stream(hawser_stream{source.release(), &detail::stream_functions::read, &detail::stream_functions::size_hint,
                                     &detail::stream_functions::close});
}

// A stream over bytes that are there already.
class text_source final : public stream_source {
public:
    explicit text_source(std::string bytes) : bytes_(std::move(bytes)) {}
    std::int64_t read(std::span<std::byte> buffer) override {
        const std::size_t size = std::min(buffer.size(), bytes_.size() - offset_);
        if (size > 0) {
            std::memcpy(buffer.data(), bytes_.data() + offset_, size);
        }
        offset_ += size;
        return static_cast<std::int64_t>(size);
    }
    std::int64_t size_hint() override { return static_cast<std::int64_t>(bytes_.size() - offset_); }

private:
    std::string bytes_;
    std::size_t offset_ = 0;
};

inline body_stream make_stream(std::string bytes) { return make_stream(std::make_unique<text_source>(std::move(bytes))); }

// A filter appends to `out` what becomes of `in`; finish, where it has one, appends what belongs after the last byte.
// size_hint(in), where it has one, says how many bytes in input bytes become.
template <typename Filter>
concept call_filter = requires(Filter& filter, std::string_view in, std::string& out) { filter(in, out); };
template <typename Filter>
concept write_filter = requires(Filter& filter, std::string_view in, std::string& out) { filter.write(in, out); };
template <typename Filter>
concept body_filter = call_filter<Filter> || write_filter<Filter>;

template <body_filter Filter>
class filter_source final : public stream_source {
public:
    filter_source(body_stream input, Filter filter)
        : input_(std::move(input)), filter_(std::move(filter)), chunk_(filter_chunk_size) {}

    std::int64_t read(std::span<std::byte> buffer) override {
        while (offset_ == output_.size() && !is_at_end_ && !buffer.empty()) {
            refill();
        }
        const std::size_t size = std::min(buffer.size(), output_.size() - offset_);
        if (size > 0) {
            std::memcpy(buffer.data(), output_.data() + offset_, size);
        }
        offset_ += size;
        return static_cast<std::int64_t>(size);
    }

    std::int64_t size_hint() override {
        if constexpr (requires(Filter& filter) { { filter.size_hint(std::int64_t{}) } -> std::convertible_to<std::int64_t>; }) {
            if (const auto size = input_.size_hint(); size && !has_started_) {
                return filter_.size_hint(static_cast<std::int64_t>(*size));
            }
        }
        return -1;
    }

private:
    void refill() {
        has_started_ = true;
        output_.clear();
        offset_ = 0;
        if (output_.capacity() > filter_output_kept_max) {
            output_.shrink_to_fit();
        }
        const std::size_t size = input_.read(chunk_.data(), chunk_.size());
        if (size > 0) {
            write(std::string_view(chunk_.data(), size));
            return;
        }
        is_at_end_ = true;
        if constexpr (requires(Filter& filter, std::string& out) { filter.finish(out); }) {
            filter_.finish(output_);
        }
    }

    void write(std::string_view bytes) {
        if constexpr (write_filter<Filter>) {
            filter_.write(bytes, output_);
        } else {
            filter_(bytes, output_);
        }
    }

    body_stream input_;
    Filter filter_;
    std::vector<char> chunk_;
    std::string output_;
    std::size_t offset_ = 0;
    bool is_at_end_ = false;
    bool has_started_ = false;
};

template <body_filter Filter>
body_stream make_filter_stream(body_stream input, Filter filter) {
    return make_stream(std::make_unique<filter_source<Filter>>(std::move(input), std::move(filter)));
}

}  // namespace sdk_1
}  // namespace hawser
