// One process owns a message box: flock on <box>.lock, not on the database itself, whose own locks would be dropped
// with any descriptor of it that is closed. Held until destroyed.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"

namespace hawser::engine::sqlite {

class owner_lock {
public:
    static result<owner_lock> take(const std::string& box_path, std::int64_t wait_ms);  // box.locked, box.io
    owner_lock(owner_lock&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = -1; }
    owner_lock& operator=(owner_lock&& other) noexcept;
    ~owner_lock();

private:
    explicit owner_lock(int descriptor) : descriptor_(descriptor) {}
    int descriptor_ = -1;
};

}  // namespace hawser::engine::sqlite
