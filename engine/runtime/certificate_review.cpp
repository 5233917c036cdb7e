#include "runtime/certificate_review.hpp"

#include <algorithm>

#include "base/clock.hpp"

namespace hawser::engine {
namespace {

std::string property_of(const transport_binding& transport, const char* name) {
    const auto found = transport.properties.find(name);
    return found == transport.properties.end() ? "" : found->second.text;
}

bool is_mail(const transport_binding& transport) { return transport.address.starts_with("mailto:"); }

std::vector<const transport_binding*> transports_of(const send_port_binding& port) {
    std::vector<const transport_binding*> all{&port.primary};
    if (port.backup) {
        all.push_back(&*port.backup);
    }
    return all;
}

// Addresses with a macro are another for each message.
void add_fixed(const std::string& list, std::set<std::string>& all) {
    const bool is_uri = list.starts_with("mailto:");
    for (std::string& address : addresses_in(list)) {
        if (is_uri || address.find('%') == std::string::npos) {
            all.insert(std::move(address));
        }
    }
}

std::string named(const certificate_entry& entry) { return entry.file_name + " (" + entry.subject + ')'; }

bool has_addresses(const certificate_facts& facts) {
    return !facts.addresses.mailboxes.empty() || !facts.addresses.domains.empty();
}

}  // namespace

certificate_review::certificate_review(const subject& of) : of_(of), chains_(of.all) {
    for (const std::string& problem : of_.all.problems()) {
        add(finding_kind::error, "", "", problem);
    }
    for (const std::string& note : of_.all.notes) {
        add(finding_kind::warning, "", "", note);
    }
    for (const certificate_folder* folder : {&of_.all.personal, &of_.all.other_people, &of_.all.trusted}) {
        check_folder(*folder);
    }
    check_uses();
    for (const send_port_binding& port : of_.bindings.send_ports) {
        const auto seals = of_.seals.find(port.name);
        if (seals != of_.seals.end() && (seals->second & HAWSER_SEAL_SIGNED) != 0) {
            check_signing(port);
        }
        if (seals != of_.seals.end() && (seals->second & HAWSER_SEAL_ENCRYPTED) != 0) {
            check_encryption(port);
            check_own_recipients(port);
        } else if (!port.encryption_certificates.empty()) {
            add(finding_kind::warning, "", port.name,
                "it has encryptionCertificates, and its pipeline does not encrypt: set EnableEncryption, or remove "
                "them");
        }
    }
    check_trials(certificate_uses(of_.bindings, of_.seals, of_.all, of_.now_unix));
}

std::vector<certificate_finding> certificate_review::take_findings() {
    std::stable_sort(findings_.begin(), findings_.end(),
                     [](const auto& a, const auto& b) { return a.kind > b.kind; });  // errors first
    return std::move(findings_);
}

void certificate_review::add(finding_kind kind, const std::string& file, const std::string& port,
                             const std::string& text) {
    findings_.push_back({kind, file, port, text});
}

const certificate_facts& certificate_review::facts_of(const certificate_entry& entry) {
    const auto [found, is_new] = facts_.try_emplace(entry.sha256);
    if (is_new) {
        found->second = read_certificate_facts(entry);
    }
    return found->second;
}

void certificate_review::check_folder(const certificate_folder& folder) {
    const std::vector<certificate_use> uses = certificate_uses(of_.bindings, of_.seals, of_.all, of_.now_unix);
    for (const certificate_entry& entry : folder.certificates) {
        check_dates(entry, std::any_of(uses.begin(), uses.end(), [&](const certificate_use& one) {
                        return one.certificate->sha256 == entry.sha256;
                    }));
    }
}

void certificate_review::check_dates(const certificate_entry& entry, bool is_used) {
    const finding_kind kind = is_used ? finding_kind::error : finding_kind::warning;
    const std::string end = rfc3339(entry.not_after_unix * 1000);
    if (of_.now_unix > entry.not_after_unix) {
        add(kind, entry.file_name, "",
            named(entry) + " has ended on " + end +
                (is_used ? ": put a new one in its place" : "; no port uses it: remove it once nothing for it comes"));
    } else if (of_.now_unix < entry.not_before_unix) {
        add(kind, entry.file_name, "",
            named(entry) + " is not valid before " + rfc3339(entry.not_before_unix * 1000) +
                ": use the former one until then");
    } else if (entry.not_after_unix <= of_.now_unix + of_.within_ms / 1000) {
        add(finding_kind::warning, entry.file_name, "",
            named(entry) + " ends on " + end + ": get a new one, and put it in its place");
    }
}

// Each certificate once for each purpose, however many ports use it.
void certificate_review::check_uses() {
    std::set<std::pair<std::string, bool>> checked;
    for (const certificate_use& use : certificate_uses(of_.bindings, of_.seals, of_.all, of_.now_unix)) {
        if (checked.insert({use.certificate->sha256, use.signs}).second) {
            check_fitness(*use.certificate, use.signs);
        }
    }
}

void certificate_review::check_fitness(const certificate_entry& entry, bool signs) {
    const certificate_facts& facts = facts_of(entry);
    if (signs && entry.private_key.empty()) {
        add(finding_kind::error, entry.file_name, "",
            named(entry) + " is to sign, and there is no private key for it: put it into the same folder or token");
    }
    if (!(signs ? facts.has_signing_key : facts.has_encryption_key)) {
        add(finding_kind::error, entry.file_name, "",
            named(entry) + " has a key of the kind " + facts.key + ", which cannot be used for " +
                (signs ? "signing" : "encryption") + " here: get one with an RSA or an elliptic curve key");
    } else if (signs && !entry.usage.fits_signing) {
        add(finding_kind::error, entry.file_name, "",
            named(entry) +
                " cannot sign mail: its key usage has no digitalSignature, or its extended key usage no "
                "emailProtection; get one that can");
    } else if (!signs && !entry.usage.fits_encryption) {
        add(finding_kind::error, entry.file_name, "",
            named(entry) +
                " cannot be encrypted for: its key usage has no keyEncipherment (or, with an elliptic curve "
                "key, keyAgreement), or its extended key usage no emailProtection; ask its owner for one "
                "that can");
    }
    check_strength(entry, facts);
    if (const std::string problem = chains_.problem_of(entry); !problem.empty()) {
        add(finding_kind::error, entry.file_name, "",
            named(entry) + " leads to no trusted certificate (" + problem + "): put the certificate of its issuer \"" +
                facts.issuer + "\" into the trusted folder, if you trust it");
    }
}

// As an encoder does it: below 112 bits only with AllowLegacyAlgorithms; below 80, or with MD5, never.
void certificate_review::check_strength(const certificate_entry& entry, const certificate_facts& facts) {
    constexpr int strong_bits = 112;
    constexpr int legacy_key_bits = 80;
    constexpr int sha1_bits = 63;
    if (facts.key_strength_bits < strong_bits) {
        add(facts.key_strength_bits < legacy_key_bits ? finding_kind::error : finding_kind::warning, entry.file_name,
            "",
            named(entry) + " has a key that is too small to be safe (" + facts.key +
                "): get one with RSA 2048 or a curve of 224 bits at least");
    }
    if (!facts.is_self_signed && facts.signature_strength_bits < strong_bits) {
        add(facts.signature_strength_bits < sha1_bits ? finding_kind::error : finding_kind::warning, entry.file_name,
            "", named(entry) + " is signed with a hash that can be forged: get one that is signed with SHA-256");
    }
}

void certificate_review::check_signing(const send_port_binding& port) {
    const std::string& selector = of_.bindings.host.certificates.signing;
    const certificate_entry* signer =
        find_certificate(of_.all.personal, selector, certificate_role::signer, of_.now_unix);
    if (signer == nullptr) {
        add(finding_kind::error, "", port.name,
            selector.empty() ? "it signs, and there is no host.certificates.signing: name a certificate there"
                             : "it signs, and the certificate \"" + selector +
                                   "\" is not in the personal folder or a token: put it there, or correct "
                                   "host.certificates.signing");
        return;
    }
    for (const transport_binding* transport : transports_of(port)) {
        check_sender(port, *transport, *signer);
    }
}

// RFC 8550 section 3: a receiver compares the signer's addresses with From.
void certificate_review::check_sender(const send_port_binding& port, const transport_binding& transport,
                                      const certificate_entry& signer) {
    std::set<std::string> senders;
    add_fixed(property_of(transport, "From"), senders);
    const certificate_facts& facts = facts_of(signer);
    for (const std::string& sender : senders) {
        if (!has_addresses(facts)) {
            add(finding_kind::warning, signer.file_name, port.name,
                named(signer) + " names no address: receivers cannot tell that it signs for " + sender +
                    "; get one that names it");
        } else if (!is_for_address(facts.addresses, sender)) {
            add(finding_kind::error, signer.file_name, port.name,
                named(signer) + " is not for " + sender +
                    ", which the port sends from: receivers take the signature for somebody else's; correct From, or "
                    "get a certificate that names it");
        }
    }
}

void certificate_review::check_encryption(const send_port_binding& port) {
    if (port.encryption_certificates.empty()) {
        add(finding_kind::warning, "", port.name,
            "it encrypts, and has no encryptionCertificates: every message has to bring BTS.EncryptionCert");
        return;
    }
    std::vector<const certificate_entry*> certificates;
    for (const std::string& selector : port.encryption_certificates) {
        certificates.push_back(
            find_certificate(of_.all.other_people, selector, certificate_role::recipient, of_.now_unix));
        if (certificates.back() == nullptr) {
            certificates.pop_back();
            add(finding_kind::error, "", port.name,
                "it encrypts for \"" + selector +
                    "\", which is not in the otherPeople folder: put it there, or correct encryptionCertificates");
        }
    }
    if (!port.is_dynamic) {
        check_recipients(port, certificates);
    }
}

// What keeps a port from sealing: said only where nothing that was found explains it already, for the port, for a
// certificate that it uses, or for a file that could not be read.
void certificate_review::check_trials(const std::vector<certificate_use>& uses) {
    const std::vector<certificate_finding> found = findings_;
    for (const auto& [port, failure] : of_.trials) {
        const auto explains = [&, &name = port](const certificate_finding& one) {
            const bool is_of_its_file = std::any_of(uses.begin(), uses.end(), [&](const certificate_use& use) {
                return use.port == name && use.certificate->file_name == one.file;
            });
            const bool is_of_any_port = one.port.empty() && one.file.empty();
            return one.kind == finding_kind::error &&
                   (is_of_any_port || one.port == name || (one.port.empty() && is_of_its_file));
        };
        if (std::none_of(found.begin(), found.end(), explains)) {
            add(failure.is_transient ? finding_kind::warning : finding_kind::error, "", port,
                (failure.is_transient ? "its messages wait now: " : "its messages are suspended now: ") + failure.text);
        }
    }
}

void certificate_review::check_own_recipients(const send_port_binding& port) {
    for (const own_recipient& one : own_recipients_of(port)) {
        const std::string& selector = one.value->text;
        if (find_certificate(of_.all.personal, selector, certificate_role::recipient, of_.now_unix) == nullptr) {
            add(finding_kind::error, "", port.name,
                one.property + " names \"" + selector +
                    "\", which is not in the personal folder or a token: put it there, or correct the name");
        }
    }
}

void certificate_review::check_recipients(const send_port_binding& port,
                                          const std::vector<const certificate_entry*>& certificates) {
    std::set<std::string> recipients;
    for (const transport_binding* transport : transports_of(port)) {
        if (is_mail(*transport)) {
            add_fixed(transport->address, recipients);
            for (const char* property : {"To", "CC", "BCC"}) {
                add_fixed(property_of(*transport, property), recipients);
            }
        }
    }
    const bool has_nameless = std::any_of(certificates.begin(), certificates.end(),
                                          [&](const auto* one) { return !has_addresses(facts_of(*one)); });
    for (const std::string& recipient : recipients) {
        if (std::none_of(certificates.begin(), certificates.end(), [&](const certificate_entry* one) {
                return is_for_address(facts_of(*one).addresses, recipient);
            })) {
            add(has_nameless ? finding_kind::warning : finding_kind::error, "", port.name,
                "no certificate in encryptionCertificates is for the recipient " + recipient +
                    (has_nameless ? ", unless it is the one that names no address"
                                  : ", who could not read the message") +
                    ": add the recipient's, or remove the recipient");
        }
    }
    for (const certificate_entry* one : certificates) {
        const certificate_addresses& addresses = facts_of(*one).addresses;
        if (!recipients.empty() &&
            std::none_of(recipients.begin(), recipients.end(),
                         [&](const std::string& recipient) { return is_for_address(addresses, recipient); })) {
            add(finding_kind::warning, one->file_name, port.name,
                named(*one) +
                    " is for none of the port's recipients, and can read its messages: remove it from "
                    "encryptionCertificates, unless that is wanted");
        }
    }
}

}  // namespace hawser::engine
