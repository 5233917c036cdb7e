// Which header fields of an encrypted mail stay visible, and as what: the Header Confidentiality Policies of RFC 9788
// section 3.2. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hawser::smime {

enum class header_policy : std::uint8_t { none = 1, no_confidentiality, baseline, shy };

// "hcp_baseline" as HeaderProtection has it. Throws hawser::failure where there is no such policy.
header_policy header_policy_named(std::string_view word);

// The value outside; nullopt: the field is only inside. `value` as a composer writes it, folded.
std::optional<std::string> outer_value(header_policy policy, std::string_view name, const std::string& value);

// Whether a mail program shows the field to its reader (RFC 9787 section 1.1.2).
bool is_user_facing(std::string_view name);

}  // namespace hawser::smime
