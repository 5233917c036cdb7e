#include "messagebox/sqlite/box_place.hpp"

#include <sys/stat.h>

#include <cerrno>

namespace hawser::engine::sqlite {

box_place::box_place(std::vector<std::string> paths) {
    for (std::string& path : paths) {
        struct stat file {};
        if (::stat(path.c_str(), &file) == 0) {
            files_.push_back({std::move(path), file.st_dev, file.st_ino});
        }
    }
}

std::string box_place::find_moved() const {
    for (const identity& one : files_) {
        struct stat file {};
        const bool is_there = ::stat(one.path.c_str(), &file) == 0;
        const bool is_gone = !is_there && (errno == ENOENT || errno == ENOTDIR);  // else nothing is known against it
        if (is_gone || (is_there && (file.st_ino != one.number || file.st_dev != one.device))) {
            return one.path;
        }
    }
    return {};
}

}  // namespace hawser::engine::sqlite
