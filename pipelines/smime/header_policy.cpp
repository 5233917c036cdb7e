#include "header_policy.hpp"

#include <algorithm>
#include <array>

#include "hawser/sdk/error.hpp"
#include "mailbox_list.hpp"
#include "mime_header.hpp"

namespace hawser::smime {
namespace {

constexpr std::array<std::string_view, 13> user_facing{
    "subject", "from",        "to",        "cc",        "date",        "reply-to",     "followup-to",
    "sender",  "resent-from", "resent-to", "resent-cc", "resent-date", "resent-sender"};

std::string without_display_names(const std::string& value) {
    const std::optional<std::vector<std::string>> addresses = addresses_in(value);
    if (!addresses) {
        return value;
    }
    std::string bare;
    for (const std::string& one : *addresses) {
        bare += (bare.empty() ? "" : ",\r\n ") + one;
    }
    return bare;
}

}  // namespace

header_policy header_policy_named(std::string_view word) {
    if (word == "hcp_no_confidentiality") {
        return header_policy::no_confidentiality;
    }
    if (word == "hcp_baseline") {
        return header_policy::baseline;
    }
    if (word == "hcp_shy") {
        return header_policy::shy;
    }
    if (word != "none") {
        throw failure("the HeaderProtection " + std::string(word) + " is not known");
    }
    return header_policy::none;
}

std::optional<std::string> outer_value(header_policy policy, std::string_view name, const std::string& value) {
    const std::string field = to_lower(name);
    const bool hides = policy == header_policy::baseline || policy == header_policy::shy;
    if (hides && field == "subject") {
        return "[...]";
    }
    if (hides && (field == "comments" || field == "keywords")) {
        return std::nullopt;
    }
    if (policy == header_policy::shy && (field == "from" || field == "to" || field == "cc")) {
        return without_display_names(value);
    }
    if (policy == header_policy::shy && field == "date") {
        return date_in_utc(value).value_or(value);
    }
    return value;
}

bool is_user_facing(std::string_view name) {
    return std::find(user_facing.begin(), user_facing.end(), to_lower(name)) != user_facing.end();
}

}  // namespace hawser::smime
