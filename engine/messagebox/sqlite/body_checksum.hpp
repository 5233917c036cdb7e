// A checksum over a stored body: finds what a bad disk made of it, at many times the speed of a cryptographic digest (a
// body is read once more for each attempt). No protection against somebody who wants to deceive. A plain value.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace hawser::engine::sqlite {

class body_checksum {
public:
    // The same bytes give the same value in whatever pieces they come.
    void add(const void* bytes, std::size_t size) noexcept {
        const char* next = static_cast<const char*>(bytes);
        size_ += size;
        for (; size > 0 && pending_size_ > 0; --size) {
            add_byte(*next++);
        }
        for (; size >= sizeof(std::uint64_t); size -= sizeof(std::uint64_t), next += sizeof(std::uint64_t)) {
            std::uint64_t word = 0;
            std::memcpy(&word, next, sizeof word);
            add_word(word);
        }
        for (; size > 0; --size) {
            add_byte(*next++);
        }
    }
    std::uint64_t value() const noexcept {
        body_checksum all = *this;
        while (all.pending_size_ > 0) {
            all.add_byte('\0');
        }
        all.add_word(size_);
        return all.sum_of_sums_ ^ (all.sum_ * 0x9e3779b97f4a7c15U);
    }

private:
    void add_byte(char byte) noexcept {
        pending_[pending_size_++] = byte;
        if (pending_size_ == pending_.size()) {
            std::uint64_t word = 0;
            std::memcpy(&word, pending_.data(), sizeof word);
            pending_size_ = 0;
            add_word(word);
        }
    }
    void add_word(std::uint64_t word) noexcept {  // Fletcher's, in 64 bits: the order counts too
        sum_ += word;
        sum_of_sums_ += sum_;
    }

    std::uint64_t sum_ = 1;
    std::uint64_t sum_of_sums_ = 0;
    std::uint64_t size_ = 0;
    std::array<char, sizeof(std::uint64_t)> pending_{};
    std::size_t pending_size_ = 0;
};

}  // namespace hawser::engine::sqlite
