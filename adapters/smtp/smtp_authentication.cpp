#include "smtp_authentication.hpp"

#include <algorithm>

#include "text.hpp"

namespace hawser::smtp {
namespace {

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) {
        text += (text.empty() ? "" : ", ") + name;
    }
    return text;
}

bool needs_binding(const std::string& mechanism) { return mechanism.ends_with("-PLUS"); }

scram_binding binding_of(const std::string& mechanism, const smtp_extensions& offered, bool can_bind) {
    if (needs_binding(mechanism)) {
        return scram_binding::required;
    }
    // Where a -PLUS mechanism is offered but another one is fixed, "y" would be taken for an attack.
    const bool is_offered = std::any_of(offered.authentication.begin(), offered.authentication.end(), needs_binding);
    return can_bind && !is_offered ? scram_binding::not_offered : scram_binding::not_supported;
}

}  // namespace

mechanism_choice choose_mechanism(const smtp_extensions& offered, const std::vector<std::string>& candidates,
                                  const std::string& fixed, bool can_bind) {
    mechanism_choice choice;
    const std::string offers = offered.authentication.empty()
                                   ? "the server offers no authentication here"
                                   : "the server offers " + shown(joined(offered.authentication));
    if (!fixed.empty()) {
        if (!offered.offers(fixed)) {
            choice.problem = offers + ", not the Mechanism " + fixed + " that the port fixes";
        } else if (needs_binding(fixed) && !can_bind) {
            choice.problem = "this connection gives no channel binding of the wanted kind, which " + fixed +
                             " needs: use TLS 1.3, set ChannelBinding, or fix a Mechanism without -PLUS";
        } else {
            choice.name = fixed;
        }
    } else {
        const auto found = std::find_if(candidates.begin(), candidates.end(), [&](const std::string& name) {
            return offered.offers(name) && (can_bind || !needs_binding(name));
        });
        if (found != candidates.end()) {
            choice.name = *found;
        } else {
            choice.problem = offers + ", none of " + joined(candidates);
        }
    }
    choice.binds = binding_of(choice.name, offered, can_bind);
    return choice;
}

}  // namespace hawser::smtp
