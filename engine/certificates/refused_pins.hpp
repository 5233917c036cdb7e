// The PINs that tokens have refused in this process. A token locks itself after a few wrong ones, so none is tried
// twice: not at the next look, not after a reload, not by another host. Thread-safe; wiped when the process ends.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/secret_text.hpp"

namespace hawser::engine {

class refused_pins {
public:
    static refused_pins& of_process();

    // `token` is unlike all others: with its module and serial number.
    bool has(const std::string& token, const secret_text& pin) const;
    void add(const std::string& token, const secret_text& pin);

private:
    mutable std::mutex mutex_;
    std::map<std::string, std::vector<secret_text>> all_;
};

}  // namespace hawser::engine
