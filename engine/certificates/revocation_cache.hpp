// Answers about revocation on disk, so that a start needs no network: a file each, replaced by renaming. Any thread;
// one at a time for each answer. What is read is checked like what comes from a server. A folder that cannot be used is
// a problem for the log: answers are then kept in memory only.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

namespace hawser::engine {

class revocation_cache {
public:
    explicit revocation_cache(std::string folder) : folder_(std::move(folder)) {}

    std::string read(const std::string& id) const;  // "" = none
    result<void> write(const std::string& id, const std::string& der) const;
    // Removes what no question has any more.
    template <typename IsWanted>
    void keep_only(IsWanted is_wanted) const {
        for (const std::string& id : ids()) {
            if (!is_wanted(id)) {
                remove(id);
            }
        }
    }

private:
    std::string path_of(const std::string& id) const;
    std::vector<std::string> ids() const;
    void remove(const std::string& id) const;

    std::string folder_;  // made with the first answer
};

}  // namespace hawser::engine
