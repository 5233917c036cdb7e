// For tests and fuzz targets: a stream that gives so many bytes a read, so that what is in it is broken anywhere.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "hawser/sdk/stream.hpp"

namespace hawser::smime {

class piecewise_source final : public stream_source {
public:
    piecewise_source(std::string_view bytes, std::size_t piece) : bytes_(bytes), piece_(piece) {}
    std::size_t read(void* buffer, std::size_t capacity) override {
        const std::size_t size = std::min({piece_, capacity, bytes_.size() - at_});
        std::memcpy(buffer, bytes_.data() + at_, size);
        at_ += size;
        return size;
    }

private:
    std::string bytes_;
    std::size_t piece_;
    std::size_t at_ = 0;
};

inline body_stream in_pieces(std::string_view bytes, std::size_t piece) {
    return make_stream(std::make_unique<piecewise_source>(bytes, piece));
}

}  // namespace hawser::smime
