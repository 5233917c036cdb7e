#include "certificates/refused_pins.hpp"

#include <algorithm>

namespace hawser::engine {

refused_pins& refused_pins::of_process() {
    static refused_pins all;
    return all;
}

refused_pins::token_record& refused_pins::record_of(const std::string& token) {
    const std::lock_guard lock(mutex_);
    return all_[token];
}

refused_pins::turn::turn(refused_pins& all, const std::string& token, const secret_text& pin)
    : record_(all.record_of(token)), pin_(pin), lock_(record_.giving) {}

bool refused_pins::turn::is_refused() const {
    return std::find(record_.refused.begin(), record_.refused.end(), pin_) != record_.refused.end();
}

}  // namespace hawser::engine
