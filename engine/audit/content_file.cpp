#include "audit/content_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "audit/facts.hpp"
#include "base/folder_sync.hpp"
#include "base/uuid.hpp"

namespace hawser::engine::audit {
namespace {

unexpected<error> io_failure(const std::string& what, const std::string& path) {
    return fail("audit.io", failed_text(what, path, errno));
}

std::string content_folder(const std::string& archive) { return archive + '/' + std::string(content_folder_name); }

std::string incoming_folder(const std::string& archive) {
    return content_folder(archive) + '/' + std::string(incoming_folder_name);
}

}  // namespace

result<void> content_folders::prepare() {
    made_.clear();
    for (const std::string& path : {content_folder(top_), incoming_folder(top_)}) {
        if (result<void> made = make(path); !made) {
            return made;
        }
    }
    return sync();
}

void content_folders::empty_incoming() {
    using entries = std::filesystem::directory_iterator;
    std::error_code ignored;  // what cannot be read or removed stands in nobody's way
    std::error_code unreadable;
    for (auto entry = entries(incoming_folder(top_), unreadable); !unreadable && entry != entries();
         entry.increment(unreadable)) {
        std::filesystem::remove(entry->path(), ignored);
    }
}

result<void> content_folders::make(const std::string& path) {
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
        return io_failure("make the folder", path);
    }
    unsynced_.insert(std::filesystem::path(path).parent_path().string());
    return {};
}

result<std::string> content_folders::day(std::int64_t unix_ms) {
    std::string day = time_text(unix_ms).substr(0, 10);
    day[4] = day[7] = '/';
    const std::string path = content_folder(top_) + '/' + day;
    if (day != made_) {
        for (const std::size_t size : {4U, 7U, 10U}) {
            if (result<void> made = make(content_folder(top_) + '/' + day.substr(0, size)); !made) {
                return unexpected{made.error()};
            }
        }
        made_ = day;
    }
    unsynced_.insert(path);
    return day;
}

std::string content_folders::path_of(const std::string& file) const { return content_folder(top_) + '/' + file; }

result<void> content_folders::sync() {
    for (auto path = unsynced_.begin(); path != unsynced_.end(); path = unsynced_.erase(path)) {
        if (const int failure = sync_folder(*path); failure != 0) {
            made_.clear();
            return fail("audit.io", failed_text("sync", *path, failure));
        }
    }
    return {};
}

content_file::content_file(const std::string& archive_folder, content_kept kept, std::size_t inline_size_max)
    : kept_(kept),
      inline_size_max_(inline_size_max),
      name_(make_uuid()),
      path_(incoming_folder(archive_folder) + '/' + name_) {}

content_file::~content_file() { discard(); }

result<void> content_file::append(std::string_view bytes) {
    if (!state_) {
        return state_;
    }
    hash_.update(bytes);
    size_ += bytes.size();
    if (kept_ == content_kept::hash) {
        return {};
    }
    if (!file_.is_open() && size_ <= inline_size_max_) {
        bytes_ += bytes;
        return {};
    }
    if (!file_.is_open()) {
        file_ = descriptor(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
        state_ = file_.is_open() ? write(bytes_) : result<void>(io_failure("make", path_));
        bytes_.clear();
        bytes_.shrink_to_fit();
    }
    if (state_) {
        state_ = write(bytes);
    }
    return state_;
}

result<void> content_file::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
        if (written < 0 && errno != EINTR) {
            return io_failure("write", path_);
        }
        bytes.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
    }
    return {};
}

result<void> content_file::settle() {
    if (hash_text_.empty()) {
        hash_text_ = hash_.hex();
    }
    return state_;
}

void content_file::discard() {
    bytes_.clear();
    kept_ = content_kept::hash;
    if (file_.is_open()) {
        file_.reset();
        ::unlink(path_.c_str());
        place_.clear();
    }
}

// So that the syncs of several files, one after another, wait for one disk and not for each other.
void content_file::start_writing() const { ::sync_file_range(file_.get(), 0, 0, SYNC_FILE_RANGE_WRITE); }

result<void> content_file::place(content_folders& folders, std::int64_t unix_ms) {
    if (::fsync(file_.get()) != 0) {
        state_ = io_failure("sync", path_);
        return state_;
    }
    const result<std::string> day = folders.day(unix_ms);
    if (!day) {
        return unexpected{day.error()};
    }
    const std::string place = *day + '/' + name_;
    const std::string path = folders.path_of(place);
    if (::rename(path_.c_str(), path.c_str()) != 0) {
        return io_failure("move a content to", path);
    }
    place_ = place;
    path_ = path;
    return {};
}

std::string content_file::json() const {
    std::string text = "{\"sha256\":\"" + hash_text_ + "\",\"size\":" + std::to_string(size_);
    if (!place_.empty()) {
        text += ",\"file\":" + json_string(place_);
    } else if (kept_ == content_kept::bytes) {
        text += ",\"bytes\":\"" + base64(bytes_) + '"';
    }
    return text + '}';
}

}  // namespace hawser::engine::audit
