// Which file it is, whatever its name: what is open may have been removed or replaced at its path. Any thread.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>

namespace hawser::engine {

struct file_identity {
    dev_t device = 0;
    ino_t number = 0;

    bool operator==(const file_identity&) const = default;
};

// nullopt: errno says why.
inline std::optional<file_identity> identity_of(int file) noexcept {
    struct stat status {};
    return ::fstat(file, &status) == 0 ? std::optional(file_identity{status.st_dev, status.st_ino}) : std::nullopt;
}

inline std::optional<file_identity> identity_at(const std::string& path) noexcept {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? std::optional(file_identity{status.st_dev, status.st_ino})
                                              : std::nullopt;
}

}  // namespace hawser::engine
