#include "host/save_target.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/folder_sync.hpp"
#include "host/output.hpp"

namespace hawser::command {
save_target::save_target(const std::string& path) : path_(path) {
    struct stat found {};
    const bool is_special = !path.empty() && ::stat(path.c_str(), &found) == 0 && !S_ISREG(found.st_mode);
    if (path.empty()) {
        number_ = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
    } else if (is_special) {
        number_ = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    } else {
        temporary_ = path + ".XXXXXX";
        number_ = ::mkostemp(temporary_.data(), O_CLOEXEC);
        if (number_ < 0) {
            temporary_.clear();
        }
    }
    error_ = number_ < 0 ? errno : 0;
}

save_target::~save_target() {
    if (number_ >= 0) {
        ::close(number_);
    }
    if (!temporary_.empty()) {
        ::unlink(temporary_.c_str());
    }
}

std::string save_target::error_text() const { return std::strerror(error_); }

bool save_target::finish() {
    if (temporary_.empty()) {
        return true;
    }
    if (::fsync(number_) != 0 || ::rename(temporary_.c_str(), path_.c_str()) != 0) {
        error_ = errno;
        return false;
    }
    temporary_.clear();
    // What is saved may be terminated next: its new name has to outlast the power.
    const int failure = engine::sync_folder(std::filesystem::path(path_).parent_path().string());
    error_ = engine::is_beyond_sync(failure) ? 0 : failure;
    return error_ == 0;
}

bool write_whole(int number, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(number, bytes.data(), bytes.size());
        if (written < 0 && errno != EINTR) {
            return false;
        }
        bytes.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
    }
    return true;
}

int save_failure(const arguments& given, const std::string& path, const std::string& why) {
    return report_failure(given, "output.bad", "cannot write " + (path.empty() ? "standard output" : path) + ": " + why,
                          exit_code::not_accepted);
}

}  // namespace hawser::command
