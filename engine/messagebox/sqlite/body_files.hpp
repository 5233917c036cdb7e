// Large bodies: one file each in the folder <box>.bodies, written and synced before the commit that names it, removed
// when its message is gone. Files that no row names are left over from a crash or a dropped stager, and removed at
// open.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "messagebox/message_box.hpp"
#include "messagebox/sqlite/publication_gate.hpp"

namespace hawser::engine::sqlite {

class body_files {
public:
    body_files(std::string folder, publication_gate& gate);  // creates it, mode 0700; throws std::runtime_error

    std::unique_ptr<body_stager> stage();
    std::unique_ptr<body_reader> open(std::int64_t id) const;  // throws std::runtime_error
    void remove(std::int64_t id) noexcept;
    void remove_all_but(const std::set<std::int64_t>& known);

private:
    std::string path_of(std::int64_t id) const;
    std::string folder_;
    publication_gate& gate_;
    std::atomic<std::int64_t> next_id_{1};
};

}  // namespace hawser::engine::sqlite
