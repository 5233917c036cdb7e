#include "extra_headers.hpp"

#include <algorithm>

#include "hawser/sdk/error.hpp"
#include "text.hpp"

namespace hawser::smtp {
namespace {

// Ours (there is a property for what can be chosen), and the traces and signatures of relays, which only they may
// write.
constexpr std::string_view reserved_fields[] = {"Apparently-To",
                                                "Authentication-Results",
                                                "Bcc",
                                                "Cc",
                                                "Date",
                                                "Delivered-To",
                                                "DKIM-Signature",
                                                "Disposition-Notification-To",
                                                "From",
                                                "HP-Outer",
                                                "Message-ID",
                                                "MIME-Version",
                                                "Received",
                                                "Received-SPF",
                                                "Reply-By",
                                                "Reply-To",
                                                "Return-Path",
                                                "Return-Receipt-To",
                                                "Sender",
                                                "Subject",
                                                "To",
                                                "X-Original-To"};
constexpr std::string_view reserved_prefixes[] = {"ARC-", "Content-", "DomainKey-", "Resent-"};
constexpr std::size_t field_name_size_max = 76;

}  // namespace

bool is_field_name(std::string_view name) {
    return !name.empty() && name.size() <= field_name_size_max &&
           std::all_of(name.begin(), name.end(), [](char c) { return c > 32 && c < 127 && c != ':'; });
}

bool is_reserved_field(std::string_view name) {
    const auto is_name = [name](std::string_view one) { return equals_ignoring_case(one, name); };
    const auto begins = [name](std::string_view prefix) {
        return equals_ignoring_case(name.substr(0, prefix.size()), prefix);
    };
    return std::any_of(std::begin(reserved_fields), std::end(reserved_fields), is_name) ||
           std::any_of(std::begin(reserved_prefixes), std::end(reserved_prefixes), begins);
}

mail_header parse_extra_header(std::string_view text) {
    const std::size_t colon = text.find(':');
    const std::string_view name = text.substr(0, std::min(colon, text.size()));
    if (colon == std::string_view::npos || !is_field_name(name)) {
        throw failure("ExtraHeaders: \"" + shown(text) + "\" is no header field: write \"Name: value\"");
    }
    if (is_reserved_field(name)) {
        throw failure("ExtraHeaders: the field " + shown(name) +
                      " cannot be set here: it is the adapter's, the pipeline's or the relays' own");
    }
    std::string_view value = text.substr(colon + 1);
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) {
        value.remove_prefix(1);
    }
    if (value.empty()) {
        throw failure("ExtraHeaders: the field " + shown(name) + " has no value");
    }
    return {std::string(name), std::string(value)};
}

}  // namespace hawser::smtp
