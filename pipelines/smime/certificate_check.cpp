#include "certificate_check.hpp"

#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "name_text.hpp"
#include "revocation_sources.hpp"
#include "signature_strength.hpp"

namespace hawser::smime {
namespace {

void free_stack(STACK_OF(X509) * stack) noexcept { sk_X509_free(stack); }

using store_context_pointer = std::unique_ptr<X509_STORE_CTX, deleter<&X509_STORE_CTX_free>>;

std::string text_of(const BIO* out) {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(const_cast<BIO*>(out), &bytes);
    return {bytes, static_cast<std::size_t>(size)};
}

std::string time_of(const ASN1_TIME* time) {
    const bio_pointer out(BIO_new(BIO_s_mem()));
    ASN1_TIME_print(out.get(), time);
    return text_of(out.get());
}

// What is wrong in words, and what to do about it.
std::string explain(int code, const X509* at, certificate_purpose purpose) {
    switch (code) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return "has expired on " + time_of(X509_get0_notAfter(at)) + ": a new one is needed";
    case X509_V_ERR_CERT_NOT_YET_VALID: return "is not valid before " + time_of(X509_get0_notBefore(at));
    case X509_V_ERR_CERT_REVOKED: return "has been revoked by its issuer: it must not be used any more";
    case X509_V_ERR_UNABLE_TO_GET_CRL:
        return "cannot be checked for revocation: there is no CRL of \"" + name_text(X509_get_issuer_name(at)) +
               "\"; put it into the folder of trusted certificates, or set CheckRevocationList to false";
    case X509_V_ERR_CRL_HAS_EXPIRED:
        return "cannot be checked for revocation: the CRL of \"" + name_text(X509_get_issuer_name(at)) +
               "\" has expired; put a new one there";
    case X509_V_ERR_INVALID_PURPOSE:
    case X509_V_ERR_CERT_REJECTED:
        return purpose == certificate_purpose::signing
                   ? "is not usable for signing mail: its key usage has no digitalSignature, or its extended key usage "
                     "no emailProtection"
                   : "is not usable for encrypting mail: its key usage has no keyEncipherment (or, with an elliptic "
                     "curve key, keyAgreement), or its extended key usage no emailProtection";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        return "has no chain to a trusted certificate: the certificate of its issuer \"" +
               name_text(X509_get_issuer_name(at)) + "\" is missing";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        return "ends in \"" + name_text(X509_get_subject_name(at)) + "\", which is not among the trusted certificates";
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
        return "has a key that is too small to be safe (" + key_text(at) +
               "; RSA needs 2048, a curve 224): one with a larger key is needed";
    case X509_V_ERR_CA_MD_TOO_WEAK:
        return "is signed with " + signature_text(at) +
               ", which can be forged: one that is signed with SHA-256 is needed";
    case weak_crl:
        return "cannot be checked for revocation: the CRL of \"" + name_text(X509_get_issuer_name(at)) +
               "\" is signed with a hash that is too weak: one that is signed with SHA-256 is needed";
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
        return "cannot be checked for revocation: the newest CRL of \"" + name_text(X509_get_issuer_name(at)) +
               "\" was not signed by that issuer's key: put the right one into the folder of trusted certificates";
    case X509_V_ERR_CRL_NOT_YET_VALID:
        return "cannot be checked for revocation: the CRL of \"" + name_text(X509_get_issuer_name(at)) +
               "\" is not valid yet: put one that is into the folder of trusted certificates, or set the clock";
    case X509_V_ERR_DIFFERENT_CRL_SCOPE:
    case X509_V_ERR_CRL_PATH_VALIDATION_ERROR:
        return "cannot be checked for revocation: no CRL that covers it can be trusted (" +
               std::string(X509_verify_cert_error_string(code)) + "); put the CRL, and the certificate that signs it " +
               "where that is not \"" + name_text(X509_get_issuer_name(at)) +
               "\", into the folder of trusted certificates";
    case X509_V_ERR_NO_EXPLICIT_POLICY:
        return "is not issued under a policy that its chain demands (RFC 5280 section 6.1): get one that is";
    default: return std::string("cannot be trusted: ") + X509_verify_cert_error_string(code);
    }
}

// X25519 is not sealed for (seal_algorithms), and that is to be said instead of what its key usage lacks.
bool has_curve_key(X509* certificate) {
    const EVP_PKEY* key = X509_get0_pubkey(certificate);
    const int kind = key == nullptr ? EVP_PKEY_NONE : EVP_PKEY_get_base_id(key);
    return kind == EVP_PKEY_EC || kind == EVP_PKEY_X25519;
}

// For mail, or for anything (RFC 8550 section 4.4.4, where OpenSSL's own purposes want the first); all bits are set
// where the certificate says nothing about it.
bool is_for_mail(X509* certificate) {
    return (X509_get_extended_key_usage(certificate) & (XKU_SMIME | XKU_ANYEKU)) != 0;
}

// A curve's key agrees on keys instead of enciphering them (RFC 5480 section 3).
bool allows_purpose(X509* certificate, certificate_purpose purpose) {
    const std::uint32_t wanted = purpose == certificate_purpose::signing ? KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION
                                 : has_curve_key(certificate)            ? KU_KEY_AGREEMENT
                                                                         : KU_KEY_ENCIPHERMENT;
    return (X509_get_key_usage(certificate) & wanted) != 0;
}

void set_policies(X509_VERIFY_PARAM* parameters, const policy_inputs& policies) {
    std::vector<std::string> accepted = policies.accepted;
    if (accepted.empty()) {
        accepted.emplace_back("2.5.29.32.0");  // anyPolicy; an empty list would be none for OpenSSL
    }
    for (const std::string& identifier : accepted) {
        ASN1_OBJECT* policy = OBJ_txt2obj(identifier.c_str(), 1);
        if (policy == nullptr || X509_VERIFY_PARAM_add0_policy(parameters, policy) != 1) {
            ASN1_OBJECT_free(policy);
            throw_openssl_failure("taking the certificate policy " + identifier);
        }
    }
    X509_VERIFY_PARAM_set_flags(parameters, (policies.requires_explicit ? X509_V_FLAG_EXPLICIT_POLICY : 0UL) |
                                                (policies.inhibits_mapping ? X509_V_FLAG_INHIBIT_MAP : 0UL) |
                                                (policies.inhibits_any ? X509_V_FLAG_INHIBIT_ANY : 0UL));
}

// All of RFC 5280's path validation, of which OpenSSL by itself leaves out policies, delta CRLs, and CRLs that have
// another issuer or key than the certificate, or only some reasons.
void set_rules(X509_STORE_CTX* verification, const certificate_question& question, const policy_inputs& policies,
               revocation_sources& sources) {
    X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(verification);
    X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_ANY);  // check_usage() knows more
    X509_VERIFY_PARAM_set_auth_level(parameters, question.allows_legacy_algorithms ? 0 : strong_auth_level);
    X509_VERIFY_PARAM_set_time(parameters, question.now_unix);
    unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN;  // whatever is in the trusted folder is an anchor
    flags |= X509_V_FLAG_POLICY_CHECK;
    if (question.checks_revocation) {
        flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL | X509_V_FLAG_EXTENDED_CRL_SUPPORT |
                 X509_V_FLAG_USE_DELTAS;
        sources.attach(verification);
    }
    X509_VERIFY_PARAM_set_flags(parameters, flags);
    set_policies(parameters, policies);
}

// Borrows its certificates.
using borrowing_stack = std::unique_ptr<STACK_OF(X509), deleter<&free_stack>>;

borrowing_stack intermediates_of(const trust_material& trust, const STACK_OF(X509) * sent_along) {
    borrowing_stack all(sk_X509_dup(trust.intermediates()));
    bool is_whole = all != nullptr;
    for (int i = 0; is_whole && i < sk_X509_num(sent_along); ++i) {
        is_whole = sk_X509_push(all.get(), sk_X509_value(sent_along, i)) > 0;
    }
    if (!is_whole) {
        throw_openssl_failure("keeping a certificate");
    }
    return all;
}

std::string der_of(const X509* certificate) {
    unsigned char* bytes = nullptr;
    std::string der;
    if (const int size = i2d_X509(certificate, &bytes); size > 0) {
        der.assign(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
        OPENSSL_free(bytes);
    }
    return der;
}

// What the host is doing about the missing answer; "" = nothing, it will not come by itself.
std::string pending_answer(const X509* at, const certificate_question& question) {
    std::string text;
    if (question.owner == nullptr) {
        return text;
    }
    const std::string der = der_of(at);
    visit_optional_set(*question.owner, certificate_set::revocation_pending, [&](const hawser_certificate& one) {
        if (std::string_view(one.der.data, one.der.size) == der) {
            text = name_of(one);
        }
    });
    const bool has_changed = question.owner->certificate_revision() != question.owner_revision;
    return text.empty() && has_changed ? "the host's certificates, CRLs or OCSP answers have just changed" : text;
}

[[noreturn]] void refuse(X509* certificate, int code, const X509* at, const certificate_question& question,
                         const std::string& name) {
    ERR_clear_error();
    const bool is_leaf = X509_cmp(at, certificate) == 0;
    const std::string which =
        std::string("the ") + (question.purpose == certificate_purpose::signing ? "signing" : "encryption") +
        " certificate " + name + " (" + name_text(X509_get_subject_name(certificate)) + ") " +
        (is_leaf ? "" : "has the issuer \"" + name_text(X509_get_subject_name(at)) + "\", which ");
    if (is_want_of_crl(code)) {
        if (const std::string pending = pending_answer(at, question); !pending.empty()) {
            throw try_later(which + "cannot be checked for revocation yet: " + pending);
        }
    }
    throw failure(which + explain(code, at, question.purpose));
}

void check_usage(X509_STORE_CTX* verified, X509* certificate, const certificate_question& question,
                 const std::string& name) {
    if (!allows_purpose(certificate, question.purpose)) {
        refuse(certificate, X509_V_ERR_INVALID_PURPOSE, certificate, question, name);
    }
    STACK_OF(X509)* chain = X509_STORE_CTX_get0_chain(verified);
    for (int i = 0; i < sk_X509_num(chain); ++i) {
        if (!is_for_mail(sk_X509_value(chain, i))) {
            refuse(certificate, X509_V_ERR_INVALID_PURPOSE, sk_X509_value(chain, i), question, name);
        }
    }
}

// What OpenSSL's level does not refuse because legacy algorithms are allowed. An anchor's signature says nothing.
void check_strength(X509_STORE_CTX* verified, X509* certificate, const certificate_question& question,
                    const std::string& name) {
    STACK_OF(X509)* chain = X509_STORE_CTX_get0_chain(verified);
    for (int i = 0; i < sk_X509_num(chain); ++i) {
        X509* one = sk_X509_value(chain, i);
        if (!is_strong_key(X509_get0_pubkey(one), question.allows_legacy_algorithms)) {
            refuse(certificate, X509_V_ERR_CA_KEY_TOO_SMALL, one, question, name);
        }
        if (i + 1 < sk_X509_num(chain) &&
            !has_strong_digest(X509_get0_tbs_sigalg(one), question.allows_legacy_algorithms)) {
            refuse(certificate, X509_V_ERR_CA_MD_TOO_WEAK, one, question, name);
        }
    }
}

void refuse_revoked(X509_STORE_CTX* verified, X509* certificate, const certificate_question& question,
                    revocation_sources& sources, const std::string& name) {
    STACK_OF(X509)* chain = X509_STORE_CTX_get0_chain(verified);
    for (int i = 0; question.checks_revocation && i + 1 < sk_X509_num(chain); ++i) {
        X509* one = sk_X509_value(chain, i);
        if (sources.find_ocsp(one, sk_X509_value(chain, i + 1)) == ocsp_status::revoked) {
            refuse(certificate, X509_V_ERR_CERT_REVOKED, one, question, name);
        }
    }
}

// Until when the answer stays the same. Of the CRLs the first that ends counts, though it may be another issuer's: to
// look again is cheap.
std::int64_t valid_until(const STACK_OF(X509) * chain, const certificate_question& question,
                         const revocation_sources& sources) {
    std::int64_t end = question.now_unix + chain_lifetime_s;
    for (int i = 0; i < sk_X509_num(chain); ++i) {
        end = std::min(end, unix_time(X509_get0_notAfter(sk_X509_value(chain, i))));
    }
    return question.checks_revocation ? std::min(end, sources.end_unix()) : end;
}

std::shared_ptr<const checked_chain> describe_chain(X509_STORE_CTX* verified, const certificate_question& question,
                                                    const revocation_sources& sources) {
    auto found = std::make_shared<checked_chain>();
    found->issuers.reset(X509_STORE_CTX_get1_chain(verified));
    STACK_OF(X509)* chain = found->issuers.get();
    if (chain == nullptr) {
        throw_openssl_failure("keeping the chain of a certificate");
    }
    found->checked_unix = question.now_unix;
    found->valid_until_unix = valid_until(chain, question, sources);
    if (sk_X509_num(chain) > 1) {
        X509_free(sk_X509_pop(chain));  // the anchor: whoever trusts it has it
    }
    X509_free(sk_X509_shift(chain));  // the certificate itself
    return found;
}

std::string cache_key(const X509* certificate, const certificate_question& question) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (X509_digest(certificate, EVP_sha256(), digest, &size) != 1) {
        throw_openssl_failure("working out a digest");
    }
    return std::string(reinterpret_cast<const char*>(digest), size) +
           (question.purpose == certificate_purpose::signing ? 's' : 'e') + (question.checks_revocation ? 'r' : '-') +
           (question.allows_legacy_algorithms ? 'l' : '-') +
           (question.stapled == nullptr ? "" : question.stapled->digest());
}

std::shared_ptr<const checked_chain> validate(X509* certificate, const certificate_question& question,
                                              const trust_material& trust, const std::string& name) {
    const borrowing_stack intermediates = intermediates_of(trust, question.sent_along);
    const store_context_pointer verification(X509_STORE_CTX_new());
    if (!verification ||
        X509_STORE_CTX_init(verification.get(), trust.store(), certificate, intermediates.get()) != 1) {
        throw_openssl_failure("preparing the check of the certificate " + name);
    }
    revocation_sources sources(trust, question.stapled, question.now_unix, question.allows_legacy_algorithms);
    set_rules(verification.get(), question, trust.policies(), sources);
    if (X509_verify_cert(verification.get()) != 1) {
        const X509* at = X509_STORE_CTX_get_current_cert(verification.get());
        refuse(certificate, X509_STORE_CTX_get_error(verification.get()), at == nullptr ? certificate : at, question,
               name);
    }
    check_usage(verification.get(), certificate, question, name);
    check_strength(verification.get(), certificate, question, name);
    refuse_revoked(verification.get(), certificate, question, sources, name);
    trust.keep_stapled(sources.verified(), question.now_unix);
    return describe_chain(verification.get(), question, sources);
}

}  // namespace

std::shared_ptr<const checked_chain> check_certificate(X509* certificate, const certificate_question& question,
                                                       const trust_material& trust, const std::string& name) {
    if (question.checks_revocation && !trust.crl_problem().empty()) {
        throw failure("the certificate " + name + " cannot be checked for revocation: " + trust.crl_problem() +
                      ": put a sound one in its place, or take it out of the folder");
    }
    const std::string key = cache_key(certificate, question);
    auto [chain, generation] = trust.chains().find(key, question.now_unix);
    if (!chain) {
        chain = validate(certificate, question, trust, name);
        trust.chains().keep(key, chain, generation);
    }
    return chain;
}

}  // namespace hawser::smime
