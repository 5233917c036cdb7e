#include "messagebox/sqlite/body_files.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include "messagebox/sqlite/box_health.hpp"

namespace hawser::engine::sqlite {
namespace {

std::string reason() { return std::strerror(errno); }

// Starts writing back every so many bytes, so that finish() has little left to wait for.
constexpr std::uint64_t write_back_size = 8 * 1024 * 1024;

class file_stager final : public body_stager {
public:
    file_stager(std::string folder, std::string path, std::int64_t id, publication_gate& gate)
        : folder_(std::move(folder)),
          path_(std::move(path)),
          id_(id),
          gate_(gate),
          digest_(EVP_MD_CTX_new()),
          descriptor_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)) {
        open_failure_ = descriptor_ < 0 ? errno : 0;
        EVP_DigestInit_ex(digest_, EVP_sha256(), nullptr);
    }
    ~file_stager() override {
        EVP_MD_CTX_free(digest_);
        if (descriptor_ >= 0) {
            ::close(descriptor_);
        }
        if (!is_finished_) {
            ::unlink(path_.c_str());
        }
    }
    result<void> append(const void* bytes, std::size_t size) override {
        if (descriptor_ < 0) {
            return refuse(open_failure_);
        }
        if (std::string why = gate_.disk_refusal(size); !why.empty()) {
            return fail("box.refused", std::move(why));
        }
        is_durable_ = false;
        EVP_DigestUpdate(digest_, bytes, size);
        const char* rest = static_cast<const char*>(bytes);
        for (std::size_t left = size; left > 0;) {
            const ssize_t written = ::write(descriptor_, rest, left);
            if (written < 0 && errno != EINTR) {
                return refuse(errno);
            }
            if (written > 0) {
                rest += written;
                left -= static_cast<std::size_t>(written);
            }
        }
        size_ += size;
        if (size_ - written_back_ >= write_back_size) {
            ::sync_file_range(descriptor_, static_cast<off64_t>(written_back_),
                              static_cast<off64_t>(size_ - written_back_), SYNC_FILE_RANGE_WRITE);
            written_back_ = size_;
        }
        return {};
    }
    result<void> flush() override {
        if (is_durable_) {
            return {};
        }
        const int folder = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        const bool is_written = descriptor_ >= 0 && ::fsync(descriptor_) == 0;
        is_durable_ = is_written && folder >= 0 && ::fsync(folder) == 0;
        const int why = descriptor_ < 0 ? open_failure_ : errno;
        if (is_written && folder >= 0 && why == EIO && !is_durable_) {
            end_process_unsynced("the folder " + folder_ + ": " + std::strerror(why));  // it has others' files too
        }
        if (folder >= 0) {
            ::close(folder);
        }
        if (!is_durable_) {
            give_up(why);
            return refuse(why);
        }
        return {};
    }
    result<staged_body> finish() override {
        if (result<void> flushed = flush(); !flushed) {
            return unexpected{std::move(flushed).error()};
        }
        is_finished_ = true;
        staged_body body{id_, size_, std::string(32, '\0')};
        EVP_DigestFinal_ex(digest_, reinterpret_cast<unsigned char*>(body.sha256.data()), nullptr);
        return body;
    }

private:
    // So that a later fsync cannot lie about it.
    void give_up(int why) {
        if (descriptor_ >= 0) {
            ::close(std::exchange(descriptor_, -1));
            open_failure_ = why;
        }
    }
    unexpected<error> refuse(int why) {
        if (why == ENOSPC || why == EDQUOT) {
            gate_.note_disk_full();
        }
        return fail("box.refused", "a body cannot be stored in " + folder_ + ": " + std::strerror(why) +
                                       " (free space or repair the disk, then try again)");
    }

    std::string folder_;
    std::string path_;
    std::int64_t id_;
    publication_gate& gate_;
    EVP_MD_CTX* digest_;
    int descriptor_;
    int open_failure_ = 0;  // errno, where there is no descriptor
    std::uint64_t size_ = 0;
    std::uint64_t written_back_ = 0;
    bool is_durable_ = false;
    bool is_finished_ = false;
};

class file_reader final : public body_reader {
public:
    explicit file_reader(int descriptor) : descriptor_(descriptor) {}
    ~file_reader() override { ::close(descriptor_); }
    std::size_t read(void* buffer, std::size_t capacity) override {
        ssize_t size = 0;
        do {
            size = ::read(descriptor_, buffer, capacity);
        } while (size < 0 && errno == EINTR);
        if (size < 0) {
            throw std::runtime_error("reading a stored body failed: " + reason());
        }
        return static_cast<std::size_t>(size);
    }

private:
    int descriptor_;
};

}  // namespace

body_files::body_files(std::string folder, publication_gate& gate) : folder_(std::move(folder)), gate_(gate) {
    if (::mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST) {
        throw std::runtime_error("cannot create " + folder_ + ": " + reason());
    }
}

std::string body_files::path_of(std::int64_t id) const { return folder_ + '/' + std::to_string(id); }

std::unique_ptr<body_stager> body_files::stage() {
    const std::int64_t id = next_id_++;
    return std::make_unique<file_stager>(folder_, path_of(id), id, gate_);
}

std::unique_ptr<body_reader> body_files::open(std::int64_t id) const {
    const int descriptor = ::open(path_of(id).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor < 0) {
        throw std::runtime_error("the stored body " + path_of(id) + " cannot be read: " + reason());
    }
    return std::make_unique<file_reader>(descriptor);
}

void body_files::remove(std::int64_t id) noexcept { ::unlink(path_of(id).c_str()); }

void body_files::remove_all_but(const std::set<std::int64_t>& known) {
    std::int64_t highest = known.empty() ? 0 : *known.rbegin();
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
        const std::string name = entry.path().filename().string();
        std::int64_t id = 0;
        const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), id);
        if (failure == std::errc{} && end == name.data() + name.size() && known.count(id) == 0) {
            remove(id);
        }
        highest = std::max(highest, id);
    }
    next_id_ = highest + 1;
}

}  // namespace hawser::engine::sqlite
