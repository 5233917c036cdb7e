#include "base/secret_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "base/descriptor.hpp"

namespace hawser::engine {
namespace {

// Room for one byte more than there should be: so its end is seen.
std::size_t room_for(int file, std::size_t size_max) {
    struct stat status {};
    const bool is_size_known = ::fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0;
    return is_size_known ? std::min(static_cast<std::size_t>(status.st_size), size_max) + 1 : size_max + 1;
}

// 0, or errno. `bytes` has as many as came.
int read_into(int file, std::string& bytes) {
    std::size_t size = 0;
    int failure = 0;
    while (size < bytes.size() && failure == 0) {
        const ssize_t got = ::read(file, bytes.data() + size, bytes.size() - size);
        if (got == 0) {
            break;
        }
        failure = got < 0 && errno != EINTR ? errno : 0;
        size += got > 0 ? static_cast<std::size_t>(got) : 0;
    }
    bytes.resize(size);
    return failure;
}

}  // namespace

result<secret_text> read_secret_file(const std::string& path, std::size_t size_max) {
    const descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.is_open()) {
        return fail("secret.unreadable", std::generic_category().message(errno));
    }
    std::string bytes(room_for(file.get(), size_max), '\0');
    const std::size_t room = bytes.size();
    int failure = read_into(file.get(), bytes);
    secret_text text(std::move(bytes));
    if (failure == 0 && text.text().size() == room && room <= size_max) {  // it has grown meanwhile
        failure = ::lseek(file.get(), 0, SEEK_SET) == 0 ? 0 : errno;
        std::string whole(size_max + 1, '\0');
        failure = failure == 0 ? read_into(file.get(), whole) : failure;
        text = secret_text(std::move(whole));
    }
    if (failure != 0) {
        return fail("secret.unreadable", std::generic_category().message(failure));
    }
    return text;
}

}  // namespace hawser::engine
