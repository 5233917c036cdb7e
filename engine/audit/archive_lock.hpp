// One host writes into an archive: flock on its archive.lock, for as long as that file is in its place; who removes or
// replaces it lets another host in. Used by the archive's thread only.
#pragma once

#include <string>

#include "audit/record_files.hpp"

namespace hawser::engine::audit {

class archive_lock {
public:
    explicit archive_lock(const std::string& folder) : path_(folder + "/archive.lock") {}

    result<void> take();         // audit.locked, audit.io; audit.altered: it was replaced meanwhile
    result<void> check() const;  // whether it is held still; audit.altered, audit.io

private:
    std::string path_;
    descriptor file_;
};

}  // namespace hawser::engine::audit
