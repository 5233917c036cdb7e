// Whom a host trusts and what it knows about certificates: anchors, intermediates and CRLs, parsed once and shared by
// the messages of all components that have the same, with the chains that were found good by it and the answers that
// messages brought along. Filled by one thread, then immutable but for those; any thread. What cannot be kept throws. A
// CRL that cannot be read is remembered, and fails every check that asks for revocation: certificates that it revokes
// must not pass because of it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "chain_cache.hpp"
#include "hawser/sdk/services.hpp"
#include "ocsp_answers.hpp"
#include "openssl_pointers.hpp"
#include "stapled_answers.hpp"

namespace hawser::smime {

// What path validation is told about certificate policies (RFC 5280 section 6.1.1 (c), (d), (e) and (f)). By default
// every policy is good and none is required; what the authorities of a chain demand themselves is demanded in any case.
struct policy_inputs {
    std::vector<std::string> accepted;  // object identifiers in dots; empty: any
    bool requires_explicit = false;
    bool inhibits_mapping = false;
    bool inhibits_any = false;
};

class trust_material {
public:
    explicit trust_material(policy_inputs policies = {});

    void add_anchor(X509* certificate);
    void use_system_anchors();
    void add_intermediate(X509* certificate);  // of no trust by itself
    void add_crl(std::string_view der, const std::string& name);
    void add_ocsp_answer(std::string_view der, const std::string& name);

    X509_STORE* store() const { return store_.get(); }  // OpenSSL locks it
    const STACK_OF(X509) * intermediates() const { return intermediates_.get(); }
    // CRLs that list certificates of other issuers: OpenSSL finds the others by the certificate's issuer.
    STACK_OF(X509_CRL) * indirect_crls() const { return indirect_crls_.get(); }
    const std::string& crl_problem() const { return crl_problem_; }
    const ocsp_answers& ocsp() const { return ocsp_; }
    // When the first of the CRLs and OCSP answers that are current now is not any more; the largest number where there
    // is none.
    std::int64_t revocation_end_after(std::int64_t now_unix) const;
    const policy_inputs& policies() const { return policies_; }
    chain_cache& chains() const { return chains_; }
    const stapled_cache& stapled() const { return stapled_; }
    // What a message brought and its chain has proved; from now on it counts for every message.
    void keep_stapled(const std::vector<stapled_answer>& verified, std::int64_t now_unix) const;

private:
    store_pointer store_;
    stack_pointer intermediates_;
    crl_stack_pointer indirect_crls_;
    ocsp_answers ocsp_;
    std::set<std::int64_t> ends_unix_;  // of CRLs and OCSP answers
    std::string crl_problem_;
    policy_inputs policies_;
    mutable chain_cache chains_;
    mutable stapled_cache stapled_;
};

// [worker] The host's as it is now: what is already there, if nothing of it has changed.
std::shared_ptr<const trust_material> load_trust_material(const host& owner);

// Of an engine that does not have the set yet: nothing.
void visit_optional_set(const host& owner, certificate_set set,
                        const std::function<void(const hawser_certificate&)>& visit);
std::string name_of(const hawser_certificate& one);                             // the file
x509_pointer parse_certificate(std::string_view der, const std::string& name);  // throws, naming its file
x509_pointer parse_certificate(const hawser_certificate& one);
key_pointer parse_private_key(const hawser_certificate& one);  // PKCS#8; throws, naming its file
std::int64_t unix_time(const ASN1_TIME* time);                 // 0: it is none
stack_pointer make_stack();
void push(const stack_pointer& stack, x509_pointer certificate);  // a certificate less would be an issuer less

}  // namespace hawser::smime
