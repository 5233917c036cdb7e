// The properties of composition and delivery that BizTalk's adapter does not have: their spec, and the rules between
// them that a spec cannot say. The properties of spec section 2 are in smtp_settings. [main]
#pragma once

#include "hawser/sdk/config.hpp"

namespace hawser::smtp {

void add_mail_properties(config_spec& spec);
void validate_mail(const config& values, problems& found);

}  // namespace hawser::smtp
