// What the encoder's properties say: their description, the rules beyond it, and the settings that are read of them.
#pragma once

#include "hawser/sdk/config.hpp"
#include "part_entity.hpp"
#include "protected_header.hpp"

namespace hawser::smime {

config_spec describe_encoder();

// Names what cannot be, and every property that has no effect beside the others.
void validate_encoder(const config& values, problems& found);

header_protection read_header_protection(const config& values);
part_settings read_part_settings(const config& values);

}  // namespace hawser::smime
