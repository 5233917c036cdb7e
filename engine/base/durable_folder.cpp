#include "base/durable_folder.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>

#include "base/folder_sync.hpp"

namespace hawser::engine {

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
    try {
        sync_names(above);
    } catch (...) {
        ::rmdir(path.c_str());  // so that the next call does not find it there, and syncs nothing
        throw;
    }
}

void sync_names(const std::string& path) {
    if (const int failure = sync_folder(path); failure != 0 && !is_beyond_sync(failure)) {
        throw std::runtime_error("cannot sync the folder " + path + ": " + std::strerror(failure));
    }
}

}  // namespace hawser::engine
