#include "runtime/certificate_view.hpp"

#include "base/clock.hpp"
#include "certificates/pkcs11_uri.hpp"
#include "hawser/abi_draft.h"

namespace hawser::engine {
namespace {

std::int64_t now_unix() { return system_clock().unix_ms() / 1000; }

void give(const certificate_entry& entry, bool with_key, const certificate_source::visitor& visit) {
    hawser_certificate certificate{};
    certificate.struct_size = sizeof certificate;
    certificate.der = to_abi(entry.der);
    certificate.private_key = with_key ? to_abi(entry.private_key) : hawser_string{nullptr, 0};
    certificate.name = to_abi(entry.file_name);
    visit(certificate);
}

void give_all(const certificate_folder& folder, bool with_keys, const certificate_source::visitor& visit) {
    for (const certificate_entry& entry : folder.certificates) {
        give(entry, with_keys, visit);
    }
}

void give_crls(const certificate_folder& folder, const certificate_source::visitor& visit) {
    for (const crl_entry& entry : folder.crls) {
        hawser_certificate crl{};
        crl.struct_size = sizeof crl;
        crl.der = to_abi(entry.der);
        crl.name = to_abi(entry.file_name);
        visit(crl);
    }
}

// CRLs with their deltas, or OCSP answers.
void give_answers(const revocation_refresher* revocation, bool is_ocsp, const certificate_source::visitor& visit) {
    if (revocation == nullptr) {
        return;
    }
    const std::shared_ptr<const revocation_refresher::answers> all = revocation->current();
    for (const std::shared_ptr<const revocation_answer>& one : *all) {
        if ((one->kind == revocation_kind::ocsp) == is_ocsp) {
            hawser_certificate answer{};
            answer.struct_size = sizeof answer;
            answer.der = to_abi(one->der);
            answer.name = to_abi(one->name);
            visit(answer);
        }
    }
}

void give_pending(const revocation_refresher* revocation, const certificate_source::visitor& visit) {
    if (revocation == nullptr) {
        return;
    }
    for (const pending_revocation& one : revocation->pending()) {
        for (const std::string& der : one.certificates) {
            hawser_certificate pending{};
            pending.struct_size = sizeof pending;
            pending.der = to_abi(der);
            pending.name = to_abi(one.text);
            visit(pending);
        }
    }
}

void give_unreadable(const certificate_snapshot& all, const certificate_source::visitor& visit) {
    for (const auto& [token, problem] : all.token_problems) {
        hawser_certificate unreadable{};
        unreadable.struct_size = sizeof unreadable;
        unreadable.name = to_abi(problem);
        visit(unreadable);
    }
}

// Of what is not among the personal certificates: a token that is out may have it. "" = there is none.
std::string token_absence(const std::string& what, const certificate_snapshot& all) {
    return all.token_problems.empty()
               ? ""
               : what + " is not in the personal certificates, and may be in a token that cannot be read: " +
                     all.token_problems.begin()->second;
}

// `what` "is not there: put it there", unless its file is, and cannot be read; or another one that may have it.
std::string absence(const std::string& what, const std::string& is_not_there, const certificate_folder& folder,
                    const std::string& file_name) {
    if (const std::string problem = problem_of_file(folder, file_name); !problem.empty()) {
        return what + " cannot be used: " + problem;
    }
    return what + is_not_there +
           (folder.problems.empty() ? "" : "; a file there has a problem: " + folder.problems.front());
}

result<void> give_signing(const certificate_snapshot& all, const working_message& message, bool with_keys,
                          const certificate_source::visitor& visit) {
    const std::string& selector = message.environment().signing_certificate;
    if (selector.empty()) {
        return fail("certificates.signing",
                    "no signing certificate is configured: name one in host.certificates.signing");
    }
    const certificate_entry* entry = find_certificate(all.personal, selector, certificate_role::signer, now_unix());
    if (entry == nullptr) {
        const std::string what = "the signing certificate \"" + selector + '"';
        if (std::string out = token_absence(what, all); !out.empty()) {
            return fail(token_is_out, std::move(out));
        }
        return fail(
            "certificates.signing",
            absence(what, " is not in the personal certificates: put it there, or correct host.certificates.signing",
                    all.personal, selector));
    }
    if (entry->private_key.empty()) {
        return fail("certificates.signing",
                    absence("the signing certificate " + entry->file_name + " (" + entry->subject + ')',
                            " has no private key, beside it or in a token", all.personal, entry->file_name));
    }
    if (const auto problem = all.token_problems.find(entry->token);
        is_pkcs11_uri(entry->private_key) && problem != all.token_problems.end()) {
        return fail(token_is_out, problem->second);
    }
    give(*entry, with_keys, visit);
    return {};
}

// BTS.EncryptionCert on the context, by thumbprint, else the port's own list (spec section 3).
result<void> give_encryption(const certificate_snapshot& all, const working_message& message,
                             const certificate_source::visitor& visit) {
    std::vector<std::string> selectors = message.environment().encryption_certificates;
    if (const context_property* chosen = message.context().find("BTS.EncryptionCert");
        chosen != nullptr && !chosen->value.empty()) {
        selectors = {chosen->value};
    }
    if (selectors.empty()) {
        return fail("certificates.encryption",
                    "port \"" + message.environment().port +
                        "\" has no encryption certificate: name the recipients' in encryptionCertificates");
    }
    std::vector<const certificate_entry*> found;
    for (const std::string& selector : selectors) {
        found.push_back(find_certificate(all.other_people, selector, certificate_role::recipient, now_unix()));
        if (found.back() == nullptr) {
            return fail(
                "certificates.encryption",
                absence("the encryption certificate \"" + selector + "\" of port \"" + message.environment().port + '"',
                        " is not in the otherPeople certificates: put it there, or correct encryptionCertificates",
                        all.other_people, selector));
        }
    }
    for (const certificate_entry* entry : found) {
        give(*entry, false, visit);
    }
    return {};
}

}  // namespace

certificate_store::sources store_sources(const certificate_sources& sources) {
    return {sources.personal, sources.other_people, sources.trusted, sources.passwords, sources.tokens};
}

result<void> certificate_view::each(const working_message* message, std::uint32_t set, bool with_keys,
                                    const visitor& visit) const {
    const std::shared_ptr<const certificate_snapshot> all = store_.current();
    switch (set) {
    case HAWSER_CERTIFICATES_SIGNING: return give_signing(*all, *message, with_keys, visit);
    case HAWSER_CERTIFICATES_ENCRYPTION: return give_encryption(*all, *message, visit);
    case HAWSER_CERTIFICATES_PERSONAL: give_all(all->personal, false, visit); return {};
    case HAWSER_CERTIFICATES_OTHER_PEOPLE: give_all(all->other_people, false, visit); return {};
    case HAWSER_CERTIFICATES_TRUSTED:
        if (!all->has_trusted) {
            return fail("certificates.system", "");  // no text: "use the system's" is no failure
        }
        give_all(all->trusted, false, visit);
        return {};
    case HAWSER_CERTIFICATES_CRLS:
        give_crls(all->trusted, visit);
        give_crls(all->other_people, visit);
        give_crls(all->personal, visit);
        return {};
    case HAWSER_CERTIFICATES_FETCHED_CRLS: give_answers(revocation_, false, visit); return {};
    case HAWSER_CERTIFICATES_DECRYPTION: give_all(all->personal, with_keys, visit); return {};
    case HAWSER_DRAFT_CERTIFICATES_UNREADABLE: give_unreadable(*all, visit); return {};
    case HAWSER_CERTIFICATES_OCSP: give_answers(revocation_, true, visit); return {};
    case HAWSER_CERTIFICATES_REVOCATION_PENDING: give_pending(revocation_, visit); return {};
    default: return fail("certificates.set", "this engine has no such set of certificates");
    }
}

result<void> certificate_view::find_recipient(std::uint32_t set, const std::string& selector,
                                              const visitor& visit) const {
    const std::shared_ptr<const certificate_snapshot> all = store_.current();
    const bool is_own = set == HAWSER_CERTIFICATES_PERSONAL;
    const certificate_entry* entry =
        find_certificate(is_own ? all->personal : all->other_people, selector, certificate_role::recipient, now_unix());
    if (entry == nullptr) {
        const std::string what = "the certificate \"" + selector + '"';
        if (std::string out = is_own ? token_absence(what, *all) : ""; !out.empty()) {
            return fail(token_is_out, std::move(out));
        }
        return fail("certificates.recipient",
                    absence(what,
                            std::string(" is not in the ") + (is_own ? "personal" : "otherPeople") +
                                " certificates: put it there, or correct the name",
                            is_own ? all->personal : all->other_people, selector));
    }
    give(*entry, false, visit);
    return {};
}

std::unique_ptr<revocation_refresher> make_revocation_refresher(const host_binding& host,
                                                                const certificate_store& store) {
    const revocation_binding& wanted = host.certificates.revocation;
    if (!wanted.is_fetched) {
        return nullptr;
    }
    const std::string folder =
        wanted.cache_folder.empty() ? host.message_box_path + ".revocation" : wanted.cache_folder;
    return std::make_unique<revocation_refresher>(revocation_settings{folder, wanted.allows_private_addresses}, store);
}

}  // namespace hawser::engine
