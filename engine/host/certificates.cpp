// certificates list and check.
#include <algorithm>

#include "host/exit_code.hpp"
#include "host/human.hpp"
#include "host/json_output.hpp"
#include "host/output.hpp"
#include "host/verbs.hpp"

namespace hawser::command {
namespace {

constexpr std::int64_t day_ms = std::int64_t{24} * 3600 * 1000;

std::string line_of(const char* label, const std::string& text) {
    return text.empty() ? "" : "  " + std::string(label) + plain(text) + '\n';
}

// As Windows and BizTalk show a thumbprint, and as the decoder promotes a signer's.
std::string upper(std::string hexadecimal) {
    std::transform(hexadecimal.begin(), hexadecimal.end(), hexadecimal.begin(),
                   [](char c) { return static_cast<char>(c >= 'a' && c <= 'f' ? c - 'a' + 'A' : c); });
    return hexadecimal;
}

std::string text_of(const certificate_summary& one) {
    std::vector<std::string> addresses = one.mailboxes;
    for (const std::string& domain : one.domains) {
        addresses.push_back("all of " + domain);
    }
    return plain(one.folder + '/' + one.file) + '\n' + line_of("subject      ", one.subject) +
           line_of("issuer       ", one.issuer) + line_of("addresses    ", joined(addresses)) +
           line_of("serial       ", one.serial) + line_of("SHA-1        ", upper(one.sha1)) +
           line_of("SHA-256      ", upper(one.sha256)) +
           line_of("key          ", one.key + (one.has_private_key ? ", with its private key" : "")) +
           line_of("valid        ", time_text(one.not_before_unix_ms) + " to " + time_text(one.not_after_unix_ms)) +
           line_of("token        ", one.token) + line_of("signs for    ", joined(one.signs_for)) +
           line_of("encrypted by ", joined(one.encrypted_for_by));
}

std::string text_of(const certificate_finding& one) {
    return std::string(one.kind == finding_kind::error ? "ERROR   " : "warning ") +
           (one.port.empty() ? "" : "port " + plain(one.port) + ": ") + plain(one.text) + '\n';
}

}  // namespace

int certificates_list(const arguments& given) {
    const std::unique_ptr<configuration> loaded = load_or_complain(given);
    if (!loaded) {
        return exit_code::bad_bindings;
    }
    const certificate_report report = inspect_certificates(*loaded, 0);
    if (given.is_json) {
        print(json_of(report));
        return exit_code::done;
    }
    std::string text;
    for (const certificate_summary& one : report.certificates) {
        text += (text.empty() ? "" : "\n") + text_of(one);
    }
    if (text.empty()) {
        text = "there are no certificates in the folders and tokens of host.certificates\n";
    }
    for (const std::string& problem : report.unreadable) {
        text += "\nwarning: " + plain(problem) + '\n';
    }
    print(text);
    return exit_code::done;
}

int certificates_check(const arguments& given) {
    const std::unique_ptr<configuration> loaded = load_or_complain(given);
    if (!loaded) {
        return exit_code::bad_bindings;
    }
    const certificate_report report = inspect_certificates(*loaded, given.within_days * day_ms);
    const auto errors = static_cast<std::size_t>(
        std::count_if(report.findings.begin(), report.findings.end(),
                      [](const certificate_finding& one) { return one.kind == finding_kind::error; }));
    const int code = errors == 0 ? exit_code::done : exit_code::suspended;
    if (given.is_json) {
        print(json_of(report.findings, code));
        return code;
    }
    std::string text;
    for (const certificate_finding& one : report.findings) {
        text += text_of(one);
    }
    const std::size_t warnings = report.findings.size() - errors;
    print(text + (errors == 0 ? "ok: " : "") + counted(report.certificates.size(), "certificate") + "; " +
          counted(errors, "error") + ", " + counted(warnings, "warning") + '\n');
    return code;
}

}  // namespace hawser::command
