// Which mechanism is used, out of what the server offers and what is configured (RFC 4954). Pure.
#pragma once

#include <string>
#include <vector>

#include "sasl_mechanism.hpp"
#include "smtp_extensions.hpp"

namespace hawser::smtp {

struct mechanism_choice {
    std::string name;     // "" = none: `problem` says why
    std::string problem;  // for a person
    scram_binding binds = scram_binding::not_supported;
};

// `candidates`: the strongest first. `fixed`: the operator's, or "". Never falls back from a fixed one, nor from the
// strongest that is offered: whether that succeeds is not asked here.
mechanism_choice choose_mechanism(const smtp_extensions& offered, const std::vector<std::string>& candidates,
                                  const std::string& fixed, bool can_bind);

}  // namespace hawser::smtp
