#include "smtp_commands.hpp"

#include <algorithm>

#include "domain_name.hpp"
#include "hawser/sdk/error.hpp"
#include "text.hpp"

namespace hawser::smtp {
namespace {

constexpr std::size_t envelope_id_size_max = 100;  // RFC 3461 section 4.4

std::string upper(std::string_view text) {
    std::string out;
    for (const char c : text) {
        out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return out;
}

std::string_view without_blanks(std::string_view text) {
    while (!text.empty() && text.front() == ' ') {
        text.remove_prefix(1);
    }
    while (!text.empty() && text.back() == ' ') {
        text.remove_suffix(1);
    }
    return text;
}

}  // namespace

std::string to_xtext(std::string_view text) {
    static constexpr char digits[] = "0123456789ABCDEF";
    const bool is_utf8_form = !is_ascii(text);
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool is_special = c == '+' || c == '=' || byte < 33 || byte == 127 || (is_utf8_form && c == '\\');
        if (!is_special) {
            out += c;
        } else if (is_utf8_form) {
            out += {'\\', 'x', '{', digits[byte >> 4U], digits[byte & 15U], '}'};
        } else {
            out += {'+', digits[byte >> 4U], digits[byte & 15U]};
        }
    }
    return out;
}

std::string mail_command(const mail_facts& mail, const smtp_extensions& offered) {
    std::string line = "MAIL FROM:<" + mail.sender + '>';
    if (offered.has_size && mail.size >= 0) {
        line += " SIZE=" + std::to_string(mail.size);
    }
    if (mail.kind == content_kind::binary) {
        line += " BODY=BINARYMIME";
    } else if (mail.kind == content_kind::eight_bit) {
        line += " BODY=8BITMIME";
    }
    if (mail.needs_smtputf8) {
        line += " SMTPUTF8";
    }
    if (mail.requires_tls) {
        line += " REQUIRETLS";
    }
    if (offered.has_dsn && mail.status.is_wanted()) {
        line += mail.status.returned.empty() ? "" : " RET=" + mail.status.returned;
        if (const std::string id = to_xtext(mail.status.envelope_id);
            !id.empty() && id.size() <= envelope_id_size_max) {
            line += " ENVID=" + id;
        }
    }
    return line;
}

std::string recipient_command(const std::string& address, const mail_facts& mail, const smtp_extensions& offered) {
    std::string line = "RCPT TO:<" + address + '>';
    if (offered.has_dsn && mail.status.is_wanted()) {
        line += mail.status.events.empty() ? "" : " NOTIFY=" + mail.status.events;
        line += (is_ascii(address) ? " ORCPT=rfc822;" : " ORCPT=utf-8;") + to_xtext(address);
    }
    return line;
}

std::string parse_status_events(std::string_view text) {
    std::string events;
    std::size_t count = 0;
    bool is_never = false;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(','), text.size());
        const std::string word = upper(without_blanks(text.substr(0, end)));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (word != "SUCCESS" && word != "FAILURE" && word != "DELAY" && word != "NEVER") {
            throw failure("NotifyOn: \"" + shown(word) + "\" is none of success, failure, delay and never");
        }
        if (events.find(word) == std::string::npos) {
            events += (events.empty() ? "" : ",") + word;
            is_never = is_never || word == "NEVER";
            ++count;
        }
    }
    if (is_never && count > 1) {
        throw failure("NotifyOn: never stands alone (RFC 3461 section 4.1)");
    }
    return events;
}

status_request read_status_request(const message& one) {
    status_request wanted;
    wanted.events = parse_status_events(one.get_or("SMTP.NotifyOn", ""));
    if (wanted.events.empty() && one.is_true("SMTP.DeliveryReceipt")) {
        wanted.events = "SUCCESS,FAILURE";
    }
    const std::string returned = one.get_or("SMTP.ReturnContent", "");
    wanted.returned = returned == "full" ? "FULL" : returned == "headers" ? "HDRS" : "";
    wanted.envelope_id = one.identity().unique_id;
    return wanted;
}

bool is_too_many_recipients(const smtp_reply& reply) {
    const std::string status = reply.enhanced_status();
    return (reply.code == 452 && (status.empty() || status == "4.5.3")) || (reply.code == 552 && status == "5.5.3");
}

}  // namespace hawser::smtp
