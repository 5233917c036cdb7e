#include "plugins/bridge/message_files.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/log.hpp"
#include "plugins/bridge/working_message.hpp"

namespace hawser::engine {
namespace {

class file_source final : public stream_source {
public:
    file_source(int descriptor, std::int64_t size) : descriptor_(descriptor), size_left_(size) {}
    ~file_source() override { ::close(descriptor_); }
    std::size_t read(void* buffer, std::size_t capacity) override {
        ssize_t size = 0;
        do {
            size = ::read(descriptor_, buffer, capacity);
        } while (size < 0 && errno == EINTR);
        if (size < 0) {
            throw stream_failure(HAWSER_TRY_LATER, std::string("reading a file failed: ") + std::strerror(errno));
        }
        size_left_ -= size;
        // A file that changes while it is sent would make the announced size a lie.
        if (size_left_ < 0 || (size == 0 && size_left_ != 0)) {
            throw stream_failure(HAWSER_TRY_LATER, "a file changed its size while it was being read");
        }
        return static_cast<std::size_t>(size);
    }
    std::int64_t size_hint() const override { return size_left_; }

private:
    int descriptor_;
    std::int64_t size_left_;
};

int open_beneath(const std::string& root, const std::string& path) {
    std::string rest = path;
    if (!path.empty() && path[0] == '/') {
        const std::string prefix = root.back() == '/' ? root : root + '/';
        if (path.compare(0, prefix.size(), prefix) != 0) {
            errno = EXDEV;
            return -1;
        }
        rest = path.substr(prefix.size());
    }
    const int folder = ::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        return -1;
    }
    open_how how{};
    how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    const int descriptor = static_cast<int>(::syscall(SYS_openat2, folder, rest.c_str(), &how, sizeof how));
    const int reason = errno;
    ::close(folder);
    errno = reason;
    return descriptor;
}

result<int> open_allowed(const message_environment& environment, bool is_named_by_bindings, const std::string& path) {
    if (path.empty() || path.find('\0') != std::string::npos) {
        return fail("files.not-allowed", "a file name is empty or holds a NUL");
    }
    int descriptor = -1;
    if (is_named_by_bindings) {
        const std::string full = path[0] == '/' ? path : environment.base_directory + '/' + path;
        descriptor = ::open(full.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    } else {
        errno = EXDEV;
        for (const std::string& root : environment.attachment_roots) {
            descriptor = open_beneath(root, path);
            if (descriptor >= 0) {
                break;
            }
        }
        if (descriptor < 0 && (errno == EXDEV || errno == ELOOP || errno == ENOSYS)) {
            return fail("files.not-allowed", "the message names the file \"" + printable(path, 256) +
                                                 "\", which is not beneath an attachmentRoots folder of port \"" +
                                                 environment.port + '"');
        }
    }
    if (descriptor < 0) {
        return fail(errno == ENOENT ? "files.missing" : "files.io",
                    "the file \"" + printable(path, 256) + "\" cannot be opened: " + std::strerror(errno));
    }
    return descriptor;
}

}  // namespace

result<std::unique_ptr<stream_source>> open_message_file(const message_environment& environment,
                                                         bool is_named_by_bindings, const std::string& path) {
    result<int> descriptor = open_allowed(environment, is_named_by_bindings, path);
    if (!descriptor) {
        return unexpected{std::move(descriptor).error()};
    }
    struct stat status {};
    if (::fstat(*descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
        ::close(*descriptor);
        return fail("files.not-regular", '"' + printable(path, 256) + "\" is not a regular file");
    }
    return std::unique_ptr<stream_source>(std::make_unique<file_source>(*descriptor, status.st_size));
}

}  // namespace hawser::engine
