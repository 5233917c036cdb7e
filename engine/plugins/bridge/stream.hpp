// Both ends of the ABI's pull streams in C++: body_stream owns one and reads it; make_stream turns an engine object
// into one. One reader at a time; a stream is closed by its owner's destructor. A failed read throws stream_failure.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "hawser/abi.h"

namespace hawser::engine {

inline hawser_string to_abi(std::string_view text) noexcept { return {text.data(), text.size()}; }
inline std::string_view from_abi(hawser_string text) noexcept {
    return text.data == nullptr ? std::string_view{} : std::string_view(text.data, text.size);
}

// The body could not be read to its end: status is one of the ABI's, the text says why.
class stream_failure : public std::runtime_error {
public:
    stream_failure(hawser_status status, const std::string& text) : std::runtime_error(text), status_(status) {}
    hawser_status status() const noexcept { return status_; }

private:
    hawser_status status_;
};

// Receives what a plugin says of a failure, for as long as this object lives.
class error_text {
public:
    error_text() : abi_{this, &error_text::set} {}
    error_text(const error_text&) = delete;
    error_text& operator=(const error_text&) = delete;
    const hawser_error* abi() const noexcept { return &abi_; }
    const std::string& text() const noexcept { return text_; }

private:
    static void set(void* self, hawser_status status, hawser_string text) noexcept;
    hawser_error abi_;
    std::string text_;
};

class body_stream {
public:
    body_stream() = default;
    explicit body_stream(const hawser_stream& owned) noexcept : stream_(owned) {}
    body_stream(body_stream&& other) noexcept : stream_(other.release()) {}
    body_stream& operator=(body_stream&& other) noexcept;
    ~body_stream() { close(); }

    bool is_open() const noexcept { return stream_.read != nullptr; }
    std::size_t read(void* buffer, std::size_t capacity);  // 0 = end
    std::int64_t size_hint() const;
    hawser_stream release() noexcept;
    void close() noexcept;

private:
    hawser_stream stream_{};
};

class stream_source {
public:
    virtual ~stream_source() = default;
    virtual std::size_t read(void* buffer, std::size_t capacity) = 0;  // 0 = end; throws
    virtual std::int64_t size_hint() const { return -1; }
};

hawser_stream make_stream(std::unique_ptr<stream_source> source);
hawser_stream make_stream(std::shared_ptr<const std::string> bytes);  // shared with the message, never copied

}  // namespace hawser::engine
