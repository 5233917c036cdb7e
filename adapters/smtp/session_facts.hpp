// What an open session is: for messages to a person, the audit archive and `smtp probe`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tls_facts.hpp"
#include "wire_line.hpp"

namespace hawser::smtp {

struct session_facts {
    std::string server;            // "mail.example:587", as it was configured
    std::string address;           // that was connected to
    std::optional<tls_facts> tls;  // none: clear text
    std::string mechanism;         // of the authentication; "" = none
    std::string user;              // "" where the mechanism alone knows
    std::vector<wire_line> opening;
};

}  // namespace hawser::smtp
