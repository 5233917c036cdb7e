#include "certificates/mail_address_match.hpp"

#include <idn2.h>

#include <algorithm>
#include <optional>

#include "base/lower_case.hpp"
#include "base/percent_encoding.hpp"

namespace hawser::engine {
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
    std::string ascii(found);
    idn2_free(found);
    return lower_case(std::move(ascii));
}

// "a b"@x and "\a b"@x are one mailbox (RFC 5321 section 4.1.2).
std::string plain_local_part(std::string_view local) {
    if (local.size() < 2 || local.front() != '"' || local.back() != '"') {
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

std::string_view trimmed(std::string_view text) {
    const std::size_t start = text.find_first_not_of(" \t\r\n");
    return start == std::string_view::npos ? std::string_view{}
                                           : text.substr(start, text.find_last_not_of(" \t\r\n") - start + 1);
}

void add_address(std::string_view one, std::vector<std::string>& all) {
    const std::size_t open = one.rfind('<');
    const std::size_t close = one.rfind('>');
    if (open != std::string_view::npos && close != std::string_view::npos && open < close) {
        one = one.substr(open + 1, close - open - 1);
    }
    one = trimmed(one);
    if (one.find('@') != std::string_view::npos) {
        all.emplace_back(one);
    }
}

}  // namespace

bool is_for_address(const certificate_addresses& certificate, std::string_view address) {
    const std::optional<mailbox> wanted = read_mailbox(address);
    return wanted && (std::any_of(certificate.mailboxes.begin(), certificate.mailboxes.end(),
                                  [&](const std::string& one) { return read_mailbox(one) == wanted; }) ||
                      std::any_of(certificate.domains.begin(), certificate.domains.end(),
                                  [&](const std::string& one) { return plain_domain(one) == wanted->domain; }));
}

std::vector<std::string> addresses_in(std::string_view list) {
    constexpr std::string_view scheme = "mailto:";
    std::string text(list);
    if (lower_case(std::string(list.substr(0, scheme.size()))) == scheme) {
        // The SMTP adapter refuses what is encoded wrongly.
        text = percent_decoded(list.substr(scheme.size(), list.find('?') - scheme.size())).value_or("");
    }
    std::vector<std::string> all;
    bool is_quoted = false;
    std::size_t start = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && is_quoted) {
            ++i;
        } else if (text[i] == '"') {
            is_quoted = !is_quoted;
        } else if ((text[i] == ',' || text[i] == ';') && !is_quoted) {
            add_address(std::string_view(text).substr(start, i - start), all);
            start = i + 1;
        }
    }
    add_address(std::string_view(text).substr(start), all);
    return all;
}

}  // namespace hawser::engine
