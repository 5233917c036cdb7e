// Where content waits that may not be released yet: memory up to 128 KiB, then an unlinked temporary file that is
// encrypted with a random key of its own, which exists in this object only. Written once, then read at any place, by
// one thread at a time. A full disk throws try_later, any other trouble failure.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "hawser/sdk/stream.hpp"
#include "openssl_pointers.hpp"

namespace hawser::smime {

using cipher_context_pointer = std::unique_ptr<EVP_CIPHER_CTX, deleter<&EVP_CIPHER_CTX_free>>;

class spool {
public:
    static constexpr std::size_t memory_max = 128 * 1024;

    spool() = default;
    spool(const spool&) = delete;
    spool& operator=(const spool&) = delete;
    ~spool();

    void append(std::string_view bytes);
    std::size_t read(std::uint64_t offset, void* buffer, std::size_t capacity);  // 0 = end
    std::uint64_t size() const noexcept { return size_; }
    bool is_in_file() const noexcept { return descriptor_ >= 0; }

private:
    void open_file();
    void write_out();  // memory_ goes to the file's end
    void apply_key(std::uint64_t offset, char* bytes, std::size_t size);

    std::string memory_;  // all there is, or what is not in the file yet
    std::uint64_t size_ = 0;
    std::uint64_t file_size_ = 0;
    int descriptor_ = -1;
    unsigned char key_[32] = {};
    std::mutex reading_;  // streams of several parts may be read at once
    cipher_context_pointer cipher_;
};

// Bytes `begin` to `end` of a spool as a body; the spool lives as long as it has readers.
body_stream make_stream(std::shared_ptr<spool> from, std::uint64_t begin, std::uint64_t end);

}  // namespace hawser::smime
