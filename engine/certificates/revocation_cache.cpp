#include "certificates/revocation_cache.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace hawser::engine {
namespace {

namespace fs = std::filesystem;
constexpr const char* extension = ".answer";
constexpr std::uintmax_t file_size_max = 32UL << 20U;

bool write_whole(int descriptor, const std::string& bytes) {
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t size = ::write(descriptor, bytes.data() + done, bytes.size() - done);
        if (size < 0 && errno != EINTR) {
            return false;
        }
        done += size > 0 ? static_cast<std::size_t>(size) : 0;
    }
    return ::fsync(descriptor) == 0;
}

}  // namespace

std::string revocation_cache::path_of(const std::string& id) const { return folder_ + '/' + id + extension; }

std::string revocation_cache::read(const std::string& id) const {
    std::error_code failure;
    const std::string path = path_of(id);
    const std::uintmax_t size = fs::file_size(path, failure);
    if (failure || size > file_size_max) {
        return {};
    }
    std::ifstream file(path, std::ios::binary);
    std::string der(size, '\0');
    return file.read(der.data(), static_cast<std::streamsize>(size)) ? der : std::string();  // never throws
}

result<void> revocation_cache::write(const std::string& id, const std::string& der) const {
    std::error_code failure;
    fs::create_directories(folder_, failure);
    const std::string path = path_of(id);
    const std::string fresh = path + ".new";
    const int descriptor = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    const bool is_written = descriptor >= 0 && write_whole(descriptor, der);
    int code = errno;
    if (descriptor >= 0) {
        ::close(descriptor);
    }
    if (is_written && ::rename(fresh.c_str(), path.c_str()) == 0) {
        return {};
    }
    code = is_written ? errno : code;
    ::unlink(fresh.c_str());
    return fail("revocation.cache", path + " cannot be written: " + std::strerror(code));
}

std::vector<std::string> revocation_cache::ids() const {
    std::vector<std::string> found;
    std::error_code failure;
    for (auto file = fs::directory_iterator(folder_, failure); !failure && file != fs::directory_iterator();
         file.increment(failure)) {
        if (file->path().extension() == extension) {
            found.push_back(file->path().stem().string());
        }
    }
    return found;
}

void revocation_cache::remove(const std::string& id) const {
    std::error_code ignored;  // it is looked for again at the next start
    fs::remove(path_of(id), ignored);
}

}  // namespace hawser::engine
