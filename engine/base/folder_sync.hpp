// Makes the names in a folder outlast a loss of power. Any thread.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/descriptor.hpp"

namespace hawser::engine {

// "" = the working folder. 0, or errno.
inline int sync_folder(const std::string& path) noexcept {
    const descriptor folder(::open(path.empty() ? "." : path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return folder.is_open() && ::fsync(folder.get()) == 0 ? 0 : errno;
}

// The file system cannot do that, or the folder may not be read: nobody can do more for it.
inline bool is_beyond_sync(int failure) noexcept { return failure == EINVAL || failure == EACCES; }

}  // namespace hawser::engine
