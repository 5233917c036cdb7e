#include "revocation_sources.hpp"

#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <limits>

#include "signature_strength.hpp"

namespace hawser::smime {
namespace {

X509* issuer_at(X509_STORE_CTX* verification, int depth) {
    STACK_OF(X509)* chain = X509_STORE_CTX_get0_chain(verification);
    return depth + 1 < sk_X509_num(chain) ? sk_X509_value(chain, depth + 1) : nullptr;
}

// Called by OpenSSL with every fault. One is none where an OCSP answer is there in place of a CRL, or where an anchor
// has none: nobody can revoke it but who trusts it (RFC 5280 section 6.1). No exception may leave.
int take_other_answers(int is_good, X509_STORE_CTX* verification) noexcept {
    auto* sources = static_cast<revocation_sources*>(X509_STORE_CTX_get_app_data(verification));
    if (is_good == 1 || sources == nullptr /* a CRL's own chain */ ||
        !is_want_of_crl(X509_STORE_CTX_get_error(verification))) {
        return is_good;
    }
    const int depth = X509_STORE_CTX_get_error_depth(verification);
    X509* issuer = issuer_at(verification, depth);
    const bool is_anchor = issuer == nullptr && depth > 0;
    ocsp_status status = ocsp_status::unknown;
    try {
        status = issuer == nullptr ? status : sources->find_ocsp(X509_STORE_CTX_get_current_cert(verification), issuer);
    } catch (const std::exception&) {
        return 0;  // no memory, and no answer: nothing passes
    }
    if (is_anchor || status == ocsp_status::good) {
        X509_STORE_CTX_set_error(verification, X509_V_OK);
        return 1;
    }
    if (status == ocsp_status::revoked) {
        X509_STORE_CTX_set_error(verification, X509_V_ERR_CERT_REVOKED);
    }
    return 0;
}

int compare_newest_first(const X509_CRL* const* left, const X509_CRL* const* right) {
    const ASN1_TIME* left_time = X509_CRL_get0_lastUpdate(*left);
    const ASN1_TIME* right_time = X509_CRL_get0_lastUpdate(*right);
    return left_time == nullptr || right_time == nullptr ? 0 : ASN1_TIME_compare(right_time, left_time);
}

bool is_signed_in(const X509_STORE_CTX* verification, X509_CRL* crl) {
    STACK_OF(X509)* chain = X509_STORE_CTX_get0_chain(verification);
    for (int i = 0; i < sk_X509_num(chain); ++i) {
        X509* one = sk_X509_value(chain, i);
        if (X509_NAME_cmp(X509_get_subject_name(one), X509_CRL_get_issuer(crl)) == 0 &&
            (X509_get_key_usage(one) & KU_CRL_SIGN) != 0 &&  // all bits are set where there is no key usage
            X509_CRL_verify(crl, X509_get0_pubkey(one)) == 1) {
            return true;
        }
    }
    ERR_clear_error();
    return false;
}

void add(STACK_OF(X509_CRL) * found, X509_CRL* crl) {
    X509_CRL_up_ref(crl);
    if (sk_X509_CRL_push(found, crl) <= 0) {
        X509_CRL_free(crl);
        throw_openssl_failure("keeping a CRL");
    }
}

revocation_sources* sources_of(const X509_STORE_CTX* verification) {
    for (; verification != nullptr; verification = X509_STORE_CTX_get0_parent_ctx(verification)) {
        if (void* found = X509_STORE_CTX_get_app_data(verification)) {
            return static_cast<revocation_sources*>(found);
        }
    }
    return nullptr;
}

// OpenSSL takes the newest of the CRLs that suit a certificate, but the first of the deltas that suit a CRL: so they
// come in this order.
STACK_OF(X509_CRL) * find_crls(const X509_STORE_CTX* verification, const X509_NAME* issuer) noexcept {
    crl_stack_pointer found(X509_STORE_CTX_get1_crls(verification, issuer));
    ERR_clear_error();
    revocation_sources* sources = sources_of(verification);
    try {
        if (sources != nullptr) {
            found.reset(found ? found.release() : sk_X509_CRL_new_null());
            sources->add_stapled_crls(verification, issuer, found.get());
        }
    } catch (const std::exception&) {
        return nullptr;  // no memory, and no CRL: nothing passes
    }
    if (found) {
        sk_X509_CRL_set_cmp_func(found.get(), &compare_newest_first);
        sk_X509_CRL_sort(found.get());
    }
    return found.release();
}

using judge_by_crl = X509_STORE_CTX_cert_crl_fn;

// OpenSSL's own, which only a verification gives away.
judge_by_crl find_own_judge() {
    const store_pointer store(X509_STORE_new());
    const std::unique_ptr<X509_STORE_CTX, deleter<&X509_STORE_CTX_free>> any(X509_STORE_CTX_new());
    if (!store || !any || X509_STORE_CTX_init(any.get(), store.get(), nullptr, nullptr) != 1) {
        throw_openssl_failure("preparing the check of certificates");
    }
    return X509_STORE_CTX_get_cert_crl(any.get());
}

judge_by_crl own_judge() {
    static const judge_by_crl found = find_own_judge();
    return found;
}

int judge_in_sources(X509_STORE_CTX* verification, X509_CRL* crl, X509* certificate) noexcept {
    revocation_sources* sources = sources_of(verification);
    return sources == nullptr ? own_judge()(verification, crl, certificate)
                              : sources->judge(verification, crl, certificate);
}

bool is_on_hold(X509_CRL* crl, X509* certificate) {
    X509_REVOKED* entry = nullptr;
    if (X509_CRL_get0_by_cert(crl, &entry, certificate) == 0) {
        return false;
    }
    const std::unique_ptr<ASN1_ENUMERATED, deleter<&ASN1_ENUMERATED_free>> reason(
        static_cast<ASN1_ENUMERATED*>(X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, nullptr, nullptr)));
    return reason && ASN1_ENUMERATED_get(reason.get()) == CRL_REASON_CERTIFICATE_HOLD;
}

}  // namespace

bool is_want_of_crl(int code) {
    return code == X509_V_ERR_UNABLE_TO_GET_CRL || code == X509_V_ERR_CRL_HAS_EXPIRED ||
           code == X509_V_ERR_CRL_NOT_YET_VALID;
}

void look_up_in_sources(X509_STORE* store) {
    own_judge();
    X509_STORE_set_lookup_crls(store, &find_crls);
    X509_STORE_set_cert_crl(store, &judge_in_sources);
}

int revocation_sources::judge(X509_STORE_CTX* verification, X509_CRL* crl, X509* certificate) {
    const bool is_found_good = judge_by_entries(verification, crl, certificate);
    const X509_ALGOR* signature = nullptr;
    X509_CRL_get0_signature(crl, nullptr, &signature);
    if (is_found_good && !has_strong_digest(signature, allows_legacy_algorithms_)) {
        X509_STORE_CTX_set_error(verification, weak_crl);
        return 0;
    }
    return is_found_good ? 1 : 0;
}

// OpenSSL asks about the delta first, and not about its base where the delta releases the certificate.
bool revocation_sources::judge_by_entries(X509_STORE_CTX* verification, X509_CRL* crl, X509* certificate) {
    constexpr int is_released = 2;
    if (released_ == certificate && is_on_hold(crl, certificate)) {
        return true;
    }
    const int judged = own_judge()(verification, crl, certificate);
    released_ = judged == is_released ? certificate : nullptr;
    return judged != 0;
}

void revocation_sources::attach(X509_STORE_CTX* verification) {
    X509_STORE_CTX_set_app_data(verification, this);
    X509_STORE_CTX_set0_crls(verification, trust_.indirect_crls());
    X509_STORE_CTX_set_verify_cb(verification, &take_other_answers);
}

void revocation_sources::add_stapled_crls(const X509_STORE_CTX* verification, const X509_NAME* issuer,
                                          STACK_OF(X509_CRL) * found) {
    for (const std::shared_ptr<X509_CRL>& known : trust_.stapled().crls_of(issuer, now_unix_)) {
        add(found, known.get());
    }
    if (stapled_ == nullptr) {
        return;
    }
    for (const stapled_answer& one : stapled_->all()) {
        X509_CRL* crl = one.crl.get();
        if (crl != nullptr && X509_NAME_cmp(X509_CRL_get_issuer(crl), issuer) == 0 && one.end_unix > now_unix_ &&
            unix_time(X509_CRL_get0_lastUpdate(crl)) <= now_unix_ && is_signed_in(verification, crl)) {
            take(one);
            add(found, crl);
        }
    }
}

ocsp_status revocation_sources::find_ocsp(X509* certificate, X509* issuer) {
    ocsp_status found = std::max(trust_.ocsp().find(certificate, issuer, now_unix_),
                                 trust_.stapled().find_ocsp(certificate, issuer, now_unix_));
    if (stapled_ == nullptr) {
        return found;
    }
    for (const stapled_answer& one : stapled_->all()) {
        const ocsp_status said = one.ocsp ? status_in(one.ocsp, certificate, issuer, now_unix_) : ocsp_status::unknown;
        if (said != ocsp_status::unknown && is_signed_for(one.ocsp, issuer)) {
            take(one);
            found = std::max(found, said);
        }
    }
    return found;
}

void revocation_sources::take(const stapled_answer& answer) {
    const bool is_known = std::any_of(verified_.begin(), verified_.end(),
                                      [&](const stapled_answer& one) { return one.digest == answer.digest; });
    if (!is_known) {
        verified_.push_back(answer);
    }
}

std::int64_t revocation_sources::end_unix() const {
    std::int64_t end = std::min(trust_.revocation_end_after(now_unix_), trust_.stapled().end_after(now_unix_));
    for (const stapled_answer& one : verified_) {
        end = one.end_unix > now_unix_ ? std::min(end, one.end_unix) : end;
    }
    return end;
}

}  // namespace hawser::smime
