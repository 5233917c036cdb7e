// One process owns a message box: flock on <box>.lock, not on the database itself, whose own locks would be dropped
// with any descriptor of it that is closed. Held until destroyed.
#pragma once

#include <cstdint>
#include <string>

#include "base/descriptor.hpp"
#include "base/result.hpp"

namespace hawser::engine::sqlite {

class owner_lock {
public:
    static result<owner_lock> take(const std::string& box_path, std::int64_t wait_ms);  // box.locked, box.io
    static std::string path_of(const std::string& box_path) { return box_path + ".lock"; }

private:
    explicit owner_lock(descriptor file);

    descriptor file_;
};

}  // namespace hawser::engine::sqlite
