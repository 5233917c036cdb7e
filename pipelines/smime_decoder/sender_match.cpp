#include "sender_match.hpp"

#include <idn2.h>

#include <algorithm>
#include <optional>

#include "encoded_words.hpp"
#include "mailbox_list.hpp"
#include "mime_header.hpp"

namespace hawser::smime {
namespace {

struct mailbox {
    std::string local;   // without quotes
    std::string domain;  // lower case, A-labels
    bool operator==(const mailbox&) const = default;
};

// "" = it is no domain.
std::string plain_domain(std::string_view domain) {
    const std::string text(domain);
    if (text.find('\0') != std::string::npos) {
        return {};
    }
    char* found = nullptr;
    if (idn2_to_ascii_8z(text.c_str(), &found, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK) {
        return {};
    }
    std::string ascii = to_lower(found);
    idn2_free(found);
    return ascii;
}

bool is_in_quotes(std::string_view local) { return local.size() >= 2 && local.front() == '"' && local.back() == '"'; }

// "a b"@x and "\a b"@x are one mailbox (RFC 5321 section 4.1.2).
std::string plain_local_part(std::string_view local) {
    if (!is_in_quotes(local)) {
        return std::string(local);
    }
    std::string plain;
    for (std::size_t i = 1; i + 1 < local.size(); ++i) {
        i += local[i] == '\\' && i + 2 < local.size() ? 1U : 0U;
        plain += local[i];
    }
    return plain;
}

std::optional<mailbox> read_mailbox(std::string_view address) {
    const std::size_t at = address.rfind('@');
    if (at == std::string_view::npos || at == 0) {
        return std::nullopt;
    }
    mailbox read{plain_local_part(address.substr(0, at)), plain_domain(address.substr(at + 1))};
    return read.domain.empty() ? std::nullopt : std::optional(std::move(read));
}

bool needs_quotes(std::string_view local) {
    return local.empty() || local.find_first_of(" \t\"\\(),:;<>@[]") != std::string_view::npos;
}

// One quoted string or none: "a" b@x and the like is read in more than one way.
bool is_local_part(std::string_view local) {
    if (!is_in_quotes(local)) {
        return !needs_quotes(local);
    }
    local = local.substr(1, local.size() - 2);
    for (std::size_t i = 0; i < local.size(); ++i) {
        if (local[i] == '"' || (local[i] == '\\' && ++i == local.size())) {
            return false;
        }
    }
    return true;
}

}  // namespace

bool is_for_address(const certificate_addresses& certificate, std::string_view address) {
    const std::optional<mailbox> wanted = read_mailbox(address);
    return wanted && (std::any_of(certificate.mailboxes.begin(), certificate.mailboxes.end(),
                                  [&](const std::string& one) { return read_mailbox(one) == wanted; }) ||
                      std::any_of(certificate.domains.begin(), certificate.domains.end(),
                                  [&](const std::string& one) { return plain_domain(one) == wanted->domain; }));
}

bool is_same_mailbox(std::string_view one, std::string_view other) {
    const std::optional<mailbox> read = read_mailbox(one);
    return read && read == read_mailbox(other);
}

std::string sole_address(std::string_view field) {
    const std::optional<std::vector<std::string>> all = addresses_in(field);
    if (!all || all->size() != 1 || printable(all->front()) != all->front()) {
        return {};
    }
    const std::string& address = all->front();
    return is_local_part(std::string_view(address).substr(0, address.rfind('@'))) && read_mailbox(address) ? address
                                                                                                           : "";
}

std::string plain_address(std::string_view address) {
    const std::optional<mailbox> read = read_mailbox(address);
    if (!read) {
        return {};
    }
    std::string local;
    for (const char c : read->local) {
        local.append(c == '"' || c == '\\' ? "\\" : "").push_back(c);
    }
    return (needs_quotes(read->local) ? '"' + local + '"' : local) + '@' + read->domain;
}

}  // namespace hawser::smime
