#include "messagebox/sqlite/durable_folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>

namespace hawser::engine::sqlite {

void make_durable_folder(const std::string& path) {
    if (std::filesystem::is_directory(path)) {
        return;
    }
    const std::string above = std::filesystem::path(path).parent_path().string();
    if (!above.empty() && above != path) {
        make_durable_folder(above);
    }
    if (::mkdir(path.c_str(), 0700) != 0 && !(errno == EEXIST && std::filesystem::is_directory(path))) {
        throw std::runtime_error("cannot create " + path + ": " + std::strerror(errno));
    }
    sync_folder(above);
}

void sync_folder(const std::string& path) {
    const int folder = ::open(path.empty() ? "." : path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const int reason = folder < 0 || ::fsync(folder) != 0 ? errno : 0;
    if (folder >= 0) {
        ::close(folder);
    }
    if (reason != 0 && reason != EINVAL && reason != EACCES) {
        throw std::runtime_error("cannot sync the folder " + path + ": " + std::strerror(reason));
    }
}

}  // namespace hawser::engine::sqlite
