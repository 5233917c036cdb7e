#include "pipeline/spool.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace hawser::engine {
namespace {

// A name for an instant where the file system has no O_TMPFILE (NFS).
int open_unnamed(const std::string& folder) {
    const int descriptor = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (descriptor >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) {
        return descriptor;
    }
    std::string name = folder + "/.hawser-spool-XXXXXX";
    const int named = ::mkostemp(name.data(), O_CLOEXEC);
    if (named >= 0) {
        ::unlink(name.c_str());
    }
    return named;
}

class spool_file final : public stream_source {
public:
    explicit spool_file(const std::string& folder) : descriptor_(open_unnamed(folder)) {
        if (descriptor_ < 0) {
            throw_failure("opening a spool file in " + folder);
        }
    }
    ~spool_file() override { ::close(descriptor_); }

    void append(const char* bytes, std::size_t size) {
        while (size > 0) {
            const ssize_t written = ::write(descriptor_, bytes, size);
            if (written < 0 && errno != EINTR) {
                throw_failure("writing a spool file");
            }
            if (written > 0) {
                bytes += written;
                size -= static_cast<std::size_t>(written);
                size_ += written;
            }
        }
    }
    std::size_t read(void* buffer, std::size_t capacity) override {
        ssize_t size = 0;
        do {
            size = ::pread(descriptor_, buffer, capacity, position_);
        } while (size < 0 && errno == EINTR);
        if (size < 0) {
            throw_failure("reading a spool file");
        }
        position_ += size;
        return static_cast<std::size_t>(size);
    }
    std::int64_t size_hint() const override { return size_ - position_; }

private:
    [[noreturn]] static void throw_failure(const std::string& what) {
        throw stream_failure(HAWSER_TRY_LATER, what + " failed: " + std::strerror(errno));
    }
    int descriptor_;
    off_t size_ = 0;
    off_t position_ = 0;
};

}  // namespace

body_stream spool_body(body_stream stream, const std::string& spool_folder) {
    std::string memory;
    std::unique_ptr<spool_file> file;
    std::vector<char> buffer(64 * 1024);
    while (const std::size_t size = stream.read(buffer.data(), buffer.size())) {
        if (!file && memory.size() + size <= spool_memory_size_max) {
            memory.append(buffer.data(), size);
            continue;
        }
        if (!file) {
            file = std::make_unique<spool_file>(spool_folder);
            file->append(memory.data(), memory.size());
            memory = {};
        }
        file->append(buffer.data(), size);
    }
    if (file) {
        return body_stream(make_stream(std::unique_ptr<stream_source>(std::move(file))));
    }
    return body_stream(make_stream(std::make_shared<const std::string>(std::move(memory))));
}

}  // namespace hawser::engine
