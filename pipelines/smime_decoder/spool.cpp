#include "spool.hpp"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace hawser::smime {
namespace {

constexpr std::size_t key_block_size = 16;

[[noreturn]] void throw_system_failure(const std::string& doing, int error) {
    const std::string text = doing + " a temporary file in " + std::filesystem::temp_directory_path().string() +
                             " failed: " + std::strerror(error);
    if (error == ENOSPC || error == EDQUOT || error == EMFILE || error == ENFILE) {
        throw try_later(text + "; make room there, or set TMPDIR to a folder that has it");
    }
    throw failure(HAWSER_IO, text);
}

int open_unlinked_file() {
    const std::string folder = std::filesystem::temp_directory_path().string();
    int descriptor = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
    if (descriptor < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {  // a file system without O_TMPFILE
        std::string name = folder + "/hawser-XXXXXX";
        descriptor = ::mkostemp(name.data(), O_CLOEXEC);
        if (descriptor >= 0) {
            ::unlink(name.c_str());
        }
    }
    if (descriptor < 0) {
        throw_system_failure("opening", errno);
    }
    return descriptor;
}

class spool_source final : public stream_source {
public:
    spool_source(std::shared_ptr<spool> from, std::uint64_t begin, std::uint64_t end)
        : from_(std::move(from)), at_(begin), end_(end) {}
    std::size_t read(void* buffer, std::size_t capacity) override {
        const std::size_t size =
            from_->read(at_, buffer, static_cast<std::size_t>(std::min<std::uint64_t>(capacity, end_ - at_)));
        at_ += size;
        return size;
    }
    std::int64_t size_hint() override { return static_cast<std::int64_t>(end_ - at_); }

private:
    std::shared_ptr<spool> from_;
    std::uint64_t at_;
    std::uint64_t end_;
};

}  // namespace

spool::~spool() {
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    }
    OPENSSL_cleanse(memory_.data(), memory_.size());
    OPENSSL_cleanse(key_, sizeof key_);
}

void spool::open_file() {
    if (RAND_priv_bytes(key_, sizeof key_) != 1) {
        throw_openssl_failure("making the key of a temporary file");
    }
    cipher_.reset(EVP_CIPHER_CTX_new());
    if (!cipher_) {
        throw_openssl_failure("preparing a temporary file");
    }
    descriptor_ = open_unlinked_file();
}

// Counter mode, so that any place can be read; the counter begins with zero, because the key is used once.
void spool::apply_key(std::uint64_t offset, char* bytes, std::size_t size) {
    std::array<unsigned char, key_block_size> counter{};
    const std::uint64_t block = offset / key_block_size;
    for (std::size_t i = 0; i < sizeof block; ++i) {
        counter[key_block_size - 1 - i] = static_cast<unsigned char>(block >> (8 * i));
    }
    std::array<unsigned char, key_block_size> passed{};
    const int skipped = static_cast<int>(offset % key_block_size);
    int length = 0;
    auto* data = reinterpret_cast<unsigned char*>(bytes);
    if (EVP_EncryptInit_ex(cipher_.get(), EVP_aes_256_ctr(), nullptr, key_, counter.data()) != 1 ||
        (skipped > 0 && EVP_EncryptUpdate(cipher_.get(), passed.data(), &length, passed.data(), skipped) != 1) ||
        EVP_EncryptUpdate(cipher_.get(), data, &length, data, static_cast<int>(size)) != 1) {
        throw_openssl_failure("encrypting a temporary file");
    }
}

void spool::append(std::string_view bytes) {
    while (!bytes.empty()) {
        const std::size_t room = memory_max - memory_.size();
        const std::size_t step = std::min(room, bytes.size());
        memory_.append(bytes.data(), step);
        bytes.remove_prefix(step);
        size_ += step;
        if (memory_.size() == memory_max) {
            write_out();
        }
    }
}

void spool::write_out() {
    if (descriptor_ < 0) {
        open_file();
    }
    apply_key(file_size_, memory_.data(), memory_.size());
    std::size_t written = 0;
    while (written < memory_.size()) {
        const ssize_t size = ::pwrite(descriptor_, memory_.data() + written, memory_.size() - written,
                                      static_cast<off_t>(file_size_ + written));
        if (size < 0 && errno != EINTR) {
            throw_system_failure("writing", errno);
        }
        written += size < 0 ? 0 : static_cast<std::size_t>(size);
    }
    file_size_ += memory_.size();
    memory_.clear();
}

std::size_t spool::read(std::uint64_t offset, void* buffer, std::size_t capacity) {
    if (offset >= size_ || capacity == 0) {
        return 0;
    }
    if (offset >= file_size_) {
        const std::size_t at = static_cast<std::size_t>(offset - file_size_);
        const std::size_t size = std::min(capacity, memory_.size() - at);
        std::memcpy(buffer, memory_.data() + at, size);
        return size;
    }
    const std::size_t wanted =
        static_cast<std::size_t>(std::min({std::uint64_t{capacity}, file_size_ - offset, std::uint64_t{1U << 30U}}));
    ssize_t size = 0;
    do {
        size = ::pread(descriptor_, buffer, wanted, static_cast<off_t>(offset));
    } while (size < 0 && errno == EINTR);
    if (size <= 0) {
        throw_system_failure("reading", size < 0 ? errno : EIO);
    }
    const std::lock_guard lock(reading_);
    apply_key(offset, static_cast<char*>(buffer), static_cast<std::size_t>(size));
    return static_cast<std::size_t>(size);
}

body_stream make_stream(std::shared_ptr<spool> from, std::uint64_t begin, std::uint64_t end) {
    return hawser::make_stream(std::make_unique<spool_source>(std::move(from), begin, end));
}

}  // namespace hawser::smime
