#include "messagebox/sqlite/box_place.hpp"

#include <cerrno>
#include <utility>

namespace hawser::engine::sqlite {

box_place::box_place(std::vector<std::string> paths) {
    for (std::string& path : paths) {
        if (const std::optional<file_identity> identity = identity_at(path)) {
            files_.push_back({std::move(path), *identity});
        }
    }
}

std::string box_place::find_moved() const {
    for (const opened_file& one : files_) {
        const std::optional<file_identity> found = identity_at(one.path);
        const bool is_gone = !found && (errno == ENOENT || errno == ENOTDIR);  // else nothing is known against it
        if (is_gone || (found && *found != one.identity)) {
            return one.path;
        }
    }
    return {};
}

}  // namespace hawser::engine::sqlite
