#include "messagebox/sqlite/body_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <limits>
#include <optional>
#include <stdexcept>
#include <utility>

#include "base/durable_folder.hpp"
#include "messagebox/sqlite/body_checksum.hpp"
#include "messagebox/sqlite/box_health.hpp"

namespace hawser::engine::sqlite {
namespace {

std::string reason() { return std::strerror(errno); }

// Starts writing back every so many bytes, so that finish() has little left to wait for.
constexpr std::uint64_t write_back_size = 8 * 1024 * 1024;

// What a body's file ends with.
struct trailer {
    std::uint64_t magic;
    std::uint64_t checksum;
};
constexpr std::uint64_t trailer_magic = 0x3179644272737748;  // "HwsrBdy1"

class file_stager final : public body_stager {
public:
    file_stager(std::string folder, std::string path, std::int64_t id, publication_gate& gate)
        : folder_(std::move(folder)),
          path_(std::move(path)),
          id_(id),
          gate_(gate),
          descriptor_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)) {
        open_failure_ = descriptor_ < 0 ? errno : 0;
        is_finished_ = descriptor_ < 0;  // it is not this one's file
    }
    ~file_stager() override {
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
        checksum_.add(bytes, size);
        if (const int why = write_at(size_, bytes, size); why != 0) {
            return refuse(why);
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
        const trailer end{trailer_magic, checksum_.value()};
        int why = descriptor_ < 0 ? open_failure_ : write_at(size_, &end, sizeof end);
        const bool is_written = why == 0 && ::fsync(descriptor_) == 0;
        is_durable_ = is_written && folder >= 0 && ::fsync(folder) == 0;
        why = why == 0 ? errno : why;
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
        return staged_body{id_, size_};
    }

private:
    // 0, or errno. Whatever stood there (the trailer of an earlier flush) is overwritten.
    int write_at(std::uint64_t offset, const void* bytes, std::size_t size) noexcept {
        const char* rest = static_cast<const char*>(bytes);
        while (size > 0) {
            const ssize_t written = ::pwrite(descriptor_, rest, size, static_cast<off_t>(offset));
            if (written < 0 && errno != EINTR) {
                return errno;
            }
            if (written > 0) {
                rest += written;
                offset += static_cast<std::uint64_t>(written);
                size -= static_cast<std::size_t>(written);
            }
        }
        return 0;
    }
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
    int descriptor_;
    int open_failure_ = 0;  // errno, where there is no descriptor
    body_checksum checksum_;
    std::uint64_t size_ = 0;
    std::uint64_t written_back_ = 0;
    bool is_durable_ = false;
    bool is_finished_ = false;
};

class file_reader final : public body_reader {
public:
    file_reader(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {
        struct stat status {};
        trailer end{};
        constexpr off_t end_size = sizeof end;
        if (::fstat(descriptor_, &status) == 0 && status.st_size >= end_size &&
            ::pread(descriptor_, &end, sizeof end, status.st_size - end_size) == end_size &&
            end.magic == trailer_magic) {
            left_ = static_cast<std::uint64_t>(status.st_size - end_size);
            expected_ = end.checksum;
        }
    }
    ~file_reader() override { ::close(descriptor_); }
    std::size_t read(void* buffer, std::size_t capacity) override {
        const std::size_t wanted = std::min<std::uint64_t>(capacity, left_);
        ssize_t size = 0;
        do {
            size = wanted == 0 ? 0 : ::read(descriptor_, buffer, wanted);
        } while (size < 0 && errno == EINTR);
        if (size < 0) {
            throw std::runtime_error("the stored body " + path_ + " cannot be read: " + reason());
        }
        left_ -= static_cast<std::uint64_t>(size);
        checksum_.add(buffer, static_cast<std::size_t>(size));
        if (left_ == 0 && expected_ && *expected_ != checksum_.value()) {  // the last bytes are not given out
            throw std::runtime_error("the stored body " + path_ +
                                     " is damaged: its bytes are not those that were published. Restore the file from "
                                     "a backup, or submit the message again");
        }
        return static_cast<std::size_t>(size);
    }

private:
    std::string path_;
    int descriptor_;
    std::uint64_t left_ = std::numeric_limits<std::uint64_t>::max();  // where there is no trailer: to the end
    std::optional<std::uint64_t> expected_;                           // files of earlier versions have none
    body_checksum checksum_;
};

}  // namespace

body_files::body_files(std::string folder, publication_gate& gate) : folder_(std::move(folder)), gate_(gate) {
    make_durable_folder(folder_);
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
    return std::make_unique<file_reader>(path_of(id), descriptor);
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
