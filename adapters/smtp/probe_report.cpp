#include "probe_report.hpp"

#include <array>
#include <ctime>
#include <string>

#include "text.hpp"

namespace hawser::smtp {
namespace {

constexpr std::int64_t day_s = 24 * 3600;
constexpr std::int64_t expiry_warning_days = 30;

std::string date_of(std::int64_t unix_s) {
    const auto time = static_cast<std::time_t>(unix_s);
    std::tm parts{};
    ::gmtime_r(&time, &parts);
    std::array<char, 32> text{};
    std::strftime(text.data(), text.size(), "%Y-%m-%d", &parts);
    return text.data();
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) {
        text += (text.empty() ? "" : ", ") + shown(word);
    }
    return text;
}

void report_certificate(const certificate_facts& one, std::int64_t now_unix_s, findings& found) {
    const std::string subject = shown(one.subject.empty() ? "(no subject)" : one.subject);
    found.fact("certificate", subject + (one.names.empty() ? "" : ", for " + joined(one.names)) + "; issued by " +
                                  (one.issuer == one.subject ? "itself" : shown(one.issuer)) + "; valid from " +
                                  date_of(one.not_before_unix_s) + " to " + date_of(one.not_after_unix_s) +
                                  "; SHA-256 " + one.sha256 + "; key " + one.key_pin);
    const std::int64_t days = (one.not_after_unix_s - now_unix_s) / day_s;
    if (one.not_after_unix_s < now_unix_s) {
        found.error("certificate", subject + " expired on " + date_of(one.not_after_unix_s));
    } else if (days < expiry_warning_days) {
        found.warning("certificate", subject + " expires in " + std::to_string(days) + " days");
    }
    if (one.not_before_unix_s > now_unix_s) {
        found.error("certificate", subject + " is not valid before " + date_of(one.not_before_unix_s));
    }
}

struct known_extension {
    const char* name;
    bool smtp_extensions::*has;
    const char* without;  // what the adapter cannot do then
};

constexpr std::array<known_extension, 8> known_extensions{{
    {"PIPELINING", &smtp_extensions::has_pipelining, "commands wait for each other"},
    {"8BITMIME", &smtp_extensions::has_8bitmime, "8-bit bodies are refused"},
    {"SMTPUTF8", &smtp_extensions::has_smtputf8, "addresses beyond ASCII are refused"},
    {"DSN", &smtp_extensions::has_dsn, "delivery receipts cannot be asked for"},
    {"CHUNKING", &smtp_extensions::has_chunking, "large messages go by DATA"},
    {"BINARYMIME", &smtp_extensions::has_binarymime, "binary bodies are refused"},
    {"REQUIRETLS", &smtp_extensions::has_requiretls, "RequireTLS fails"},
    {"SIZE", &smtp_extensions::has_size, "no limit is known before sending"},
}};

void report_extensions(const smtp_extensions& extensions, findings& found) {
    std::string offered;
    std::string missing;
    for (const known_extension& one : known_extensions) {
        std::string& list = extensions.*one.has ? offered : missing;
        list += (list.empty() ? "" : ", ") + std::string(one.name);
        if (!(extensions.*one.has)) {
            list += std::string(" (") + one.without + ')';
        } else if (one.has == &smtp_extensions::has_size && extensions.size_max > 0) {
            list += ' ' + std::to_string(extensions.size_max);
        }
    }
    found.fact("extensions", offered.empty() ? "none of those that would be used" : offered);
    if (!missing.empty()) {
        found.fact("extensions", "not offered: " + missing);
    }
    if (extensions.recipients_max > 0) {
        found.fact("extensions", std::to_string(extensions.recipients_max) + " recipients in one transaction");
    }
}

void report_security(const probed_session& session, std::int64_t now_unix_s, findings& found) {
    if (!session.facts.tls) {
        if (session.endpoint.tls == tls_mode::none) {
            found.warning("TLS", "none: everything goes in clear text, as the port is configured");
        }
        return;
    }
    found.fact("TLS", session.facts.tls->version + ", " + session.facts.tls->cipher);
    report_chain(session.chain, now_unix_s, found);
}

void report_authentication(const probed_session& session, findings& found) {
    const std::string offered = joined(session.extensions.authentication);
    found.fact("authentication", offered.empty() ? "none is offered" : "offered: " + offered);
    if (!session.endpoint.authenticates) {
        found.fact("authentication", "the port uses none (SMTPAuthenticate)");
    } else if (!session.facts.mechanism.empty()) {
        const std::string user = session.facts.user.empty() ? "the process's own account" : shown(session.facts.user);
        found.fact("authentication", session.facts.mechanism + " is used, as " + user +
                                         (session.refused ? "" : "; the server accepted it"));
    }
}

}  // namespace

void report_chain(const std::vector<certificate_facts>& chain, std::int64_t now_unix_s, findings& found) {
    for (const certificate_facts& one : chain) {
        report_certificate(one, now_unix_s, found);
    }
}

void report_session(const probed_session& session, std::int64_t now_unix_s, findings& found) {
    for (const wire_line& line : session.facts.opening) {
        found.fact("dialogue", std::string(1, static_cast<char>(line.speaker)) + ' ' + line.text);
    }
    report_security(session, now_unix_s, found);
    if (session.extensions.is_known) {
        report_extensions(session.extensions, found);
        report_authentication(session, found);
    }
    if (session.refused) {
        found.error(session.refused->code, session.refused->text);
    } else {
        found.fact("result", session.facts.server + " would take mail from this port");
    }
}

}  // namespace hawser::smtp
