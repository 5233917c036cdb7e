// Whom a host trusts and what it knows about certificates: anchors, intermediates and CRLs, parsed once and shared by
// the messages of all components that have the same. Filled by one thread, then immutable; any thread. What cannot be
// kept throws. A CRL that cannot be read is remembered, and fails every check that asks for revocation: certificates
// that it revokes must not pass because of it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hawser/sdk/services.hpp"
#include "openssl_pointers.hpp"

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

    X509_STORE* store() const { return store_.get(); }  // OpenSSL locks it
    const STACK_OF(X509) * intermediates() const { return intermediates_.get(); }
    // CRLs that list certificates of other issuers: OpenSSL finds the others by the certificate's issuer.
    STACK_OF(X509_CRL) * indirect_crls() const { return indirect_crls_.get(); }
    const std::string& crl_problem() const { return crl_problem_; }
    const policy_inputs& policies() const { return policies_; }

private:
    store_pointer store_;
    stack_pointer intermediates_;
    crl_stack_pointer indirect_crls_;
    std::string crl_problem_;
    policy_inputs policies_;
};

// [worker] The host's as it is now.
std::shared_ptr<const trust_material> load_trust_material(const host& owner);

x509_pointer parse_certificate(const hawser_certificate& one);  // throws, naming its file
key_pointer parse_private_key(const hawser_certificate& one);   // PKCS#8; throws, naming its file
stack_pointer make_stack();
void push(const stack_pointer& stack, x509_pointer certificate);  // a certificate less would be an issuer less

}  // namespace hawser::smime
