// The length-prefixed form that contexts and part lists have in the message box: little-endian u32 lengths, then bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hawser::engine {

class byte_encoder {
public:
    void u8(std::uint8_t value) { bytes_ += static_cast<char>(value); }
    void u32(std::uint32_t value) {
        for (unsigned shift = 0; shift < 32; shift += 8) {
            bytes_ += static_cast<char>((value >> shift) & 0xffU);
        }
    }
    void u64(std::uint64_t value) {
        u32(static_cast<std::uint32_t>(value & 0xffffffffU));
        u32(static_cast<std::uint32_t>(value >> 32U));
    }
    void text(std::string_view value) {
        u32(static_cast<std::uint32_t>(value.size()));
        bytes_ += value;
    }
    std::string take() { return std::move(bytes_); }

private:
    std::string bytes_;
};

// Never reads past the end: after a short read is_good() is false and every further value is empty.
class byte_decoder {
public:
    explicit byte_decoder(std::string_view bytes) : rest_(bytes) {}
    std::uint8_t u8() {
        const std::string_view one = take(1);
        return one.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(one[0]);
    }
    std::uint32_t u32() {
        std::uint32_t value = 0;
        const std::string_view four = take(4);
        for (std::size_t i = 0; i < four.size(); ++i) {
            value |= static_cast<std::uint32_t>(static_cast<unsigned char>(four[i])) << (8U * i);
        }
        return value;
    }
    std::uint64_t u64() {
        const std::uint64_t low = u32();
        return low | (static_cast<std::uint64_t>(u32()) << 32U);
    }
    std::string_view text() { return take(u32()); }
    bool is_good() const noexcept { return is_good_; }
    bool is_at_end() const noexcept { return is_good_ && rest_.empty(); }

private:
    std::string_view take(std::size_t size) {
        if (!is_good_ || size > rest_.size()) {
            is_good_ = false;
            return {};
        }
        const std::string_view taken = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return taken;
    }

    std::string_view rest_;
    bool is_good_ = true;
};

}  // namespace hawser::engine
