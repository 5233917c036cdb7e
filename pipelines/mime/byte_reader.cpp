#include "byte_reader.hpp"

namespace hawser::smime {
namespace {

class rest_source final : public stream_source {
public:
    explicit rest_source(byte_reader rest) : rest_(std::move(rest)) {}
    std::size_t read(void* buffer, std::size_t capacity) override { return rest_.read(buffer, capacity); }

private:
    byte_reader rest_;
};

}  // namespace

std::string_view byte_reader::look(std::size_t size) {
    if (end_ - begin_ < size && !is_at_end_) {
        buffer_.resize(block_size);
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
        while (end_ < size && !is_at_end_) {
            const std::size_t got = upstream_.read(buffer_.data() + end_, buffer_.size() - end_);
            end_ += got;
            is_at_end_ = got == 0;
        }
    }
    return std::string_view(buffer_).substr(begin_, end_ - begin_);
}

std::size_t byte_reader::read(void* buffer, std::size_t capacity) {
    const std::string_view next = look();
    const std::size_t size = std::min(capacity, next.size());
    std::memcpy(buffer, next.data(), size);
    consume(size);
    return size;
}

body_stream make_stream(byte_reader rest) {
    return hawser::make_stream(std::make_unique<rest_source>(std::move(rest)));
}

}  // namespace hawser::smime
