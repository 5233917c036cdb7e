// Where one verification of a certificate finds out what is revoked: in the host's CRLs and OCSP answers, in those that
// earlier messages brought, and in those that its own message brings. The newest CRL of an authority counts, whoever
// brought it. Made by certificate_check on its stack, attached to the verification; one thread.
#pragma once

#include <vector>

#include "openssl_pointers.hpp"
#include "stapled_answers.hpp"
#include "trust_material.hpp"

namespace hawser::smime {

class revocation_sources {
public:
    // `stapled` may be null.
    revocation_sources(const trust_material& trust, const stapled_answers* stapled, std::int64_t now_unix,
                       bool allows_legacy_algorithms)
        : trust_(trust), stapled_(stapled), now_unix_(now_unix), allows_legacy_algorithms_(allows_legacy_algorithms) {}
    revocation_sources(const revocation_sources&) = delete;
    revocation_sources& operator=(const revocation_sources&) = delete;

    void attach(X509_STORE_CTX* verification);
    void add_stapled_crls(const X509_STORE_CTX* verification, const X509_NAME* issuer, STACK_OF(X509_CRL) * found);
    ocsp_status find_ocsp(X509* certificate, X509* issuer);
    // OpenSSL's verdict on a certificate by a CRL, but that a delta releases only what its base has on hold, and that a
    // CRL with too weak a signature finds nothing good: weak_crl.
    int judge(X509_STORE_CTX* verification, X509_CRL* crl, X509* certificate);
    // Of those that the message brought, the ones that an issuer of the chain has signed. For good where the chain is.
    const std::vector<stapled_answer>& verified() const noexcept { return verified_; }
    std::int64_t end_unix() const;  // of the first of all that are current; the largest number where there is none

private:
    bool judge_by_entries(X509_STORE_CTX* verification, X509_CRL* crl, X509* certificate);
    void take(const stapled_answer& answer);

    const trust_material& trust_;
    const stapled_answers* stapled_;
    std::int64_t now_unix_;
    bool allows_legacy_algorithms_;
    std::vector<stapled_answer> verified_;
    const X509* released_ = nullptr;  // by the delta that was looked at last
};

void look_up_in_sources(X509_STORE* store);  // for the verifications that have some

constexpr int weak_crl = X509_V_ERR_APPLICATION_VERIFICATION;

bool is_want_of_crl(int code);

}  // namespace hawser::smime
