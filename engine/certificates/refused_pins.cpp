#include "certificates/refused_pins.hpp"

#include <algorithm>

namespace hawser::engine {

refused_pins& refused_pins::of_process() {
    static refused_pins all;
    return all;
}

bool refused_pins::has(const std::string& token, const secret_text& pin) const {
    const std::lock_guard lock(mutex_);
    const auto found = all_.find(token);
    return found != all_.end() && std::find(found->second.begin(), found->second.end(), pin) != found->second.end();
}

void refused_pins::add(const std::string& token, const secret_text& pin) {
    const std::lock_guard lock(mutex_);
    all_[token].push_back(pin);
}

}  // namespace hawser::engine
