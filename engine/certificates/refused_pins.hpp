// The PINs that tokens have refused in this process. A token locks itself after a few wrong ones, so none is tried
// twice: not at the next look, not after a reload, not by another host, and not by several threads at once, who take
// turns. Thread-safe; wiped when the process ends.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/secret_text.hpp"

namespace hawser::engine {

class refused_pins {
    struct token_record {
        std::mutex giving;  // of all below, and held while a PIN is given
        std::vector<secret_text> refused;
    };

public:
    static refused_pins& of_process();

    // Held from the question whether the token has refused a PIN until it has answered to it. Waits for other turns.
    class turn {
    public:
        // `token` is unlike all others: with its module and serial number. The PIN outlives the turn.
        turn(refused_pins& all, const std::string& token, const secret_text& pin);
        bool is_refused() const;
        void refuse() { record_.refused.push_back(pin_); }

    private:
        token_record& record_;
        const secret_text& pin_;
        std::lock_guard<std::mutex> lock_;
    };

private:
    token_record& record_of(const std::string& token);

    std::mutex mutex_;
    std::map<std::string, token_record> all_;  // records stay where they are
};

}  // namespace hawser::engine
