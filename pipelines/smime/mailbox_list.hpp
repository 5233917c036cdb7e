// The addresses in From, To and Cc without what people call them, and a date without the sender's time zone: what the
// policy hcp_shy of RFC 9788 leaves outside. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hawser::smime {

// The addr-specs of an RFC 5322 mailbox-list, which may be folded; nullopt where it is something else (a group).
std::optional<std::vector<std::string>> addresses_in(std::string_view mailbox_list);

// "Sat, 20 Feb 2021 10:09:02 -0500" as "Sat, 20 Feb 2021 15:09:02 +0000"; nullopt where it is no RFC 5322 date-time.
std::optional<std::string> date_in_utc(std::string_view date_time);

}  // namespace hawser::smime
