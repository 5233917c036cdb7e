// Text that must not stay in memory: passwords, tokens, and what is made of them. Every byte is wiped when it goes,
// also those of an outgrown buffer; a std::string would leave short ones behind in itself. Not thread-safe.
#pragma once

#include <openssl/crypto.h>

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace hawser::smtp {

template <typename Value>
struct cleansing_allocator {
    using value_type = Value;
    cleansing_allocator() = default;
    template <typename Other>
    cleansing_allocator(const cleansing_allocator<Other>&) noexcept {}

    Value* allocate(std::size_t count) { return std::allocator<Value>{}.allocate(count); }
    void deallocate(Value* values, std::size_t count) noexcept {
        OPENSSL_cleanse(values, count * sizeof(Value));
        std::allocator<Value>{}.deallocate(values, count);
    }
    friend bool operator==(const cleansing_allocator&, const cleansing_allocator&) noexcept { return true; }
};

class secret_text {
public:
    secret_text() = default;
    explicit secret_text(std::string_view text) : bytes_(text.begin(), text.end()) {}

    secret_text& operator+=(std::string_view text) {
        bytes_.insert(bytes_.end(), text.begin(), text.end());
        return *this;
    }
    std::string_view view() const noexcept { return {bytes_.data(), bytes_.size()}; }
    char* data() noexcept { return bytes_.data(); }
    std::size_t size() const noexcept { return bytes_.size(); }
    bool is_empty() const noexcept { return bytes_.empty(); }
    void resize(std::size_t size) { bytes_.resize(size); }
    bool operator==(const secret_text&) const = default;

private:
    std::vector<char, cleansing_allocator<char>> bytes_;
};

}  // namespace hawser::smtp
