// A body with a look ahead: what the readers of MIME and of BER stand on. Owns its upstream; one reader; memory is one
// block. Throws what the upstream throws.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "hawser/sdk/stream.hpp"

namespace hawser::smime {

class byte_reader {
public:
    static constexpr std::size_t block_size = 64 * 1024;

    explicit byte_reader(body_stream upstream) : upstream_(std::move(upstream)) {}

    // Bytes that come next: at least `size` (at most block_size) of them but for the end. Until the next call.
    std::string_view look(std::size_t size = 1);
    void consume(std::size_t size) noexcept {
        begin_ += size;
        position_ += size;
    }
    std::size_t read(void* buffer, std::size_t capacity);
    std::uint64_t position() const noexcept { return position_; }  // bytes consumed

private:
    body_stream upstream_;
    std::string buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::uint64_t position_ = 0;
    bool is_at_end_ = false;
};

// The rest of a reader as a body again.
body_stream make_stream(byte_reader rest);

}  // namespace hawser::smime
