#include "runtime/certificate_use.hpp"

#include <algorithm>

#include "base/clock.hpp"

namespace hawser::engine {
namespace {

std::string when_text(const certificate_entry& certificate, std::int64_t now_unix) {
    const std::string date = rfc3339(certificate.not_after_unix * 1000);
    constexpr std::int64_t day_seconds = std::int64_t{24} * 3600;
    const std::int64_t days = (certificate.not_after_unix - now_unix) / day_seconds;
    if (certificate.not_after_unix < now_unix) {
        return "has ended on " + date;
    }
    return "ends on " + date +
           (days == 0   ? ", today"
            : days == 1 ? ", in 1 day"
                        : ", in " + std::to_string(days) + " days");
}

std::string warning_text(const std::vector<certificate_use>& uses, const certificate_entry& certificate,
                         std::int64_t now_unix) {
    std::string signs;
    std::string encrypts;
    bool is_own = false;
    for (const certificate_use& one : uses) {
        if (one.certificate->sha256 == certificate.sha256) {
            std::string& ports = one.signs ? signs : encrypts;
            ports += (ports.empty() ? "" : ", ") + one.port;
            is_own = is_own || one.is_own;
        }
    }
    std::string text = "the certificate " + certificate.file_name + " (" + certificate.subject + ") " +
                       when_text(certificate, now_unix);
    text += signs.empty() ? "" : "; it signs for " + signs;
    text += encrypts.empty() ? "" : "; it is encrypted for by " + encrypts;
    return text + (is_own ? ": get a new one, and put it in its place"
                          : ": ask its owner for the new one, and put it in its place");
}

}  // namespace

port_seals seals_of(const host_generation& generation) {
    port_seals seals;
    for (const std::shared_ptr<const send_port_runtime>& port : generation.ports) {
        seals[port->name] = port->pipeline->configured_seals();
    }
    return seals;
}

std::vector<own_recipient> own_recipients_of(const send_port_binding& port) {
    std::vector<own_recipient> found;
    for (const component_binding& component : port.pipeline) {
        for (const auto& [name, value] : component.properties) {
            if (value.is_own_recipient && !value.text.empty()) {
                found.push_back({name, &value});
            }
        }
    }
    return found;
}

std::vector<certificate_use> certificate_uses(const host_bindings& bindings, const port_seals& seals,
                                              const certificate_snapshot& all, std::int64_t now_unix) {
    std::vector<certificate_use> uses;
    const certificate_entry* signer =
        find_certificate(all.personal, bindings.host.certificates.signing, certificate_role::signer, now_unix);
    const auto add = [&uses](const certificate_entry* found, const send_port_binding& port, bool signs, bool is_own) {
        if (found != nullptr) {
            uses.push_back({found, port.name, signs, is_own});
        }
    };
    const auto recipient = [now_unix](const certificate_folder& folder, const std::string& selector) {
        return find_certificate(folder, selector, certificate_role::recipient, now_unix);
    };
    for (const send_port_binding& port : bindings.send_ports) {
        const auto found = seals.find(port.name);
        const std::uint32_t sealed = found == seals.end() ? 0 : found->second;
        if ((sealed & HAWSER_SEAL_SIGNED) != 0) {
            add(signer, port, true, true);
        }
        if ((sealed & HAWSER_SEAL_ENCRYPTED) == 0) {
            continue;
        }
        for (const std::string& selector : port.encryption_certificates) {
            add(recipient(all.other_people, selector), port, false, false);
        }
        for (const own_recipient& one : own_recipients_of(port)) {
            add(recipient(all.personal, one.value->text), port, false, true);
        }
    }
    return uses;
}

std::vector<expiry_warning> expiry_warnings(const host_bindings& bindings, const port_seals& seals,
                                            const certificate_snapshot& all, std::int64_t now_unix) {
    const std::vector<certificate_use> uses = certificate_uses(bindings, seals, all, now_unix);
    const std::int64_t last_unix = now_unix + bindings.host.certificates.warn_before_ms / 1000;
    std::vector<expiry_warning> warnings;
    for (const certificate_use& one : uses) {
        const bool is_told = std::any_of(warnings.begin(), warnings.end(), [&](const expiry_warning& known) {
            return known.sha256 == one.certificate->sha256;
        });
        if (one.certificate->not_after_unix <= last_unix && !is_told) {
            warnings.push_back({one.certificate->sha256, warning_text(uses, *one.certificate, now_unix)});
        }
    }
    return warnings;
}

}  // namespace hawser::engine
