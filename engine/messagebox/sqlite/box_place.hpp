// Whether the files of a message box are still the ones that were opened. Somebody may remove the lock, so that a
// second host takes it, or put another database in the place of this one: then nothing that is written here is there at
// the next start, and nothing may be answered any more. The writer's own.
#pragma once

#include <string>
#include <vector>

#include "base/file_identity.hpp"

namespace hawser::engine::sqlite {

class box_place {
public:
    explicit box_place(std::vector<std::string> paths);  // of files that are there

    std::string find_moved() const;  // the path that is another file now, or none; "" = all are in place

private:
    struct opened_file {
        std::string path;
        file_identity identity;
    };
    std::vector<opened_file> files_;
};

}  // namespace hawser::engine::sqlite
