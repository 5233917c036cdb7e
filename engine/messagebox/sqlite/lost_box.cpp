#include "messagebox/sqlite/lost_box.hpp"

#include <filesystem>
#include <system_error>

namespace hawser::engine::sqlite {
namespace {

bool has_content(const std::string& path) {
    std::error_code failed;
    const std::uintmax_t size = std::filesystem::file_size(path, failed);
    return !failed && size > 0;
}

}  // namespace

std::string remains_of_lost_box(const std::string& path) {
    if (has_content(path)) {
        return {};
    }
    if (has_content(path + "-wal")) {
        return path + "-wal";
    }
    std::error_code failed;
    const std::filesystem::directory_iterator bodies(path + ".bodies", failed);
    return failed || bodies == std::filesystem::directory_iterator() ? "" : bodies->path().string();
}

}  // namespace hawser::engine::sqlite
