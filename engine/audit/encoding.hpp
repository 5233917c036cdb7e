// The forms in which hashes, bytes and times stand in an archive's records. Stateless but for sha256, which hashes a
// stream of bytes on one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace hawser::engine::audit {

class sha256 {
public:
    sha256();
    ~sha256();
    sha256(sha256&&) noexcept;
    sha256& operator=(sha256&&) noexcept;
    void update(std::string_view bytes);
    std::string hex();  // of all so far; nothing follows

private:
    struct state;
    std::unique_ptr<state> state_;
};

inline constexpr std::size_t hash_text_size = 64;
std::string sha256_hex(std::string_view bytes);
bool is_hash_text(std::string_view text);  // 64 digits of lower-case hexadecimal

std::string base64(std::string_view bytes);                        // with padding, in one line
std::optional<std::string> base64_decoded(std::string_view text);  // nullopt: it is none

// "2026-11-25T08:30:00.123Z"; texts sort as their times do.
std::string time_text(std::int64_t unix_ms);

}  // namespace hawser::engine::audit
