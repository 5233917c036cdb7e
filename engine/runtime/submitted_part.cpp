#include "runtime/submitted_part.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace hawser::engine {
namespace {

class descriptor_source final : public stream_source {
public:
    explicit descriptor_source(int descriptor) : descriptor_(::fcntl(descriptor, F_DUPFD_CLOEXEC, 0)) {
        open_failure_ = descriptor_ < 0 ? errno : 0;
    }
    ~descriptor_source() override {
        if (descriptor_ >= 0) {
            ::close(descriptor_);
        }
    }
    std::size_t read(void* buffer, std::size_t capacity) override {
        if (descriptor_ < 0) {
            throw_failure(open_failure_);
        }
        ssize_t size = 0;
        do {
            size = ::read(descriptor_, buffer, capacity);
        } while (size < 0 && errno == EINTR);
        if (size < 0) {
            throw_failure(errno);
        }
        return static_cast<std::size_t>(size);
    }

private:
    [[noreturn]] static void throw_failure(int why) {
        throw stream_failure(HAWSER_IO, std::string("the body cannot be read: ") + std::strerror(why));
    }
    int descriptor_;
    int open_failure_ = 0;
};

}  // namespace

hawser_stream open_submitted(const submission_part& part) {
    if (part.descriptor >= 0) {
        return make_stream(std::make_unique<descriptor_source>(part.descriptor));
    }
    return make_stream(std::shared_ptr<const std::string>(std::shared_ptr<void>(), &part.bytes));  // borrowed
}

bool may_wait(const submission_part& part) noexcept {
    struct stat found {};
    return part.descriptor >= 0 && ::fstat(part.descriptor, &found) == 0 && !S_ISREG(found.st_mode);
}

}  // namespace hawser::engine
