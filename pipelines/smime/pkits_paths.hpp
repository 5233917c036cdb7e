// The paths of NIST's Public Key Interoperability Test Suite (PKITS, version 1.0.1) whose procedure says more than
// "validate with the default settings", or whose name does not give the result; both are from that document.
#pragma once

#include <initializer_list>

namespace hawser::smime::pkits {

enum policy_setting : unsigned { by_default = 0, explicit_policy = 1, no_mapping = 2, no_any_policy = 4 };

struct path {
    const char* number;  // its section
    const char* name;    // of the message, without "Signed"
    bool is_valid;
    unsigned settings = by_default;
    std::initializer_list<int> policies = {};  // the numbers of NIST-test-policy-n; none: any policy
};

inline constexpr path paths[] = {
    {"4.4.1", "MissingCRLTest1", false},
    {"4.8.1.1", "AllCertificatesSamePolicyTest1", true, explicit_policy},
    {"4.8.1.2", "AllCertificatesSamePolicyTest1", true, explicit_policy, {1}},
    {"4.8.1.3", "AllCertificatesSamePolicyTest1", false, explicit_policy, {2}},
    {"4.8.1.4", "AllCertificatesSamePolicyTest1", true, explicit_policy, {1, 2}},
    {"4.8.2.1", "AllCertificatesNoPoliciesTest2", true},
    {"4.8.2.2", "AllCertificatesNoPoliciesTest2", false, explicit_policy},
    {"4.8.3.1", "DifferentPoliciesTest3", true},
    {"4.8.3.2", "DifferentPoliciesTest3", false, explicit_policy},
    {"4.8.3.3", "DifferentPoliciesTest3", false, explicit_policy, {1, 2}},
    {"4.8.4", "DifferentPoliciesTest4", false},
    {"4.8.5", "DifferentPoliciesTest5", false},
    {"4.8.6.1", "OverlappingPoliciesTest6", true},
    {"4.8.6.2", "OverlappingPoliciesTest6", true, by_default, {1}},
    {"4.8.6.3", "OverlappingPoliciesTest6", false, by_default, {2}},
    {"4.8.7", "DifferentPoliciesTest7", false},
    {"4.8.8", "DifferentPoliciesTest8", false},
    {"4.8.9", "DifferentPoliciesTest9", false},
    {"4.8.10.1", "AllCertificatesSamePoliciesTest10", true},
    {"4.8.10.2", "AllCertificatesSamePoliciesTest10", true, by_default, {1}},
    {"4.8.10.3", "AllCertificatesSamePoliciesTest10", true, by_default, {2}},
    {"4.8.11.1", "AllCertificatesAnyPolicyTest11", true},
    {"4.8.11.2", "AllCertificatesAnyPolicyTest11", true, by_default, {1}},
    {"4.8.12", "DifferentPoliciesTest12", false},
    {"4.8.13.1", "AllCertificatesSamePoliciesTest13", true, by_default, {1}},
    {"4.8.13.2", "AllCertificatesSamePoliciesTest13", true, by_default, {2}},
    {"4.8.13.3", "AllCertificatesSamePoliciesTest13", true, by_default, {3}},
    {"4.8.14.1", "AnyPolicyTest14", true, by_default, {1}},
    {"4.8.14.2", "AnyPolicyTest14", false, by_default, {2}},
    {"4.8.15", "UserNoticeQualifierTest15", true},
    {"4.8.16", "UserNoticeQualifierTest16", true},
    {"4.8.17", "UserNoticeQualifierTest17", true},
    {"4.8.18.1", "UserNoticeQualifierTest18", true, by_default, {1}},
    {"4.8.18.2", "UserNoticeQualifierTest18", true, by_default, {2}},
    {"4.8.19", "UserNoticeQualifierTest19", true},
    {"4.8.20", "CPSPointerQualifierTest20", true, explicit_policy, {1}},
    {"4.10.1.1", "ValidPolicyMappingTest1", true, by_default, {1}},
    {"4.10.1.2", "ValidPolicyMappingTest1", false, by_default, {2}},
    {"4.10.1.3", "ValidPolicyMappingTest1", false, no_mapping},
    {"4.10.2.1", "InvalidPolicyMappingTest2", false},
    {"4.10.2.2", "InvalidPolicyMappingTest2", false, no_mapping},
    {"4.10.3.1", "ValidPolicyMappingTest3", false, by_default, {1}},
    {"4.10.3.2", "ValidPolicyMappingTest3", true, by_default, {2}},
    {"4.10.5.1", "ValidPolicyMappingTest5", true, by_default, {1}},
    {"4.10.5.2", "ValidPolicyMappingTest5", false, by_default, {6}},
    {"4.10.6.1", "ValidPolicyMappingTest6", true, by_default, {1}},
    {"4.10.6.2", "ValidPolicyMappingTest6", false, by_default, {6}},
    {"4.10.12.1", "ValidPolicyMappingTest12", true, by_default, {1}},
    {"4.10.12.2", "ValidPolicyMappingTest12", true, by_default, {2}},
    {"4.12.3.1", "inhibitAnyPolicyTest3", true},
    {"4.12.3.2", "inhibitAnyPolicyTest3", false, no_any_policy},
};

// Valid paths that are not taken, and why that is no fault.
struct left_out {
    const char* name;
    const char* reason;
};
inline constexpr left_out not_taken[] = {
    {"ValidDSAParameterInheritanceTest5",
     "OpenSSL 3 reads no DSA key without its parameters; a system need not support that (section 4.1.5)"},
    {"ValidcRLIssuerTest30",
     "the CRL would vouch for the certificate that signs it; a system need not support that (section 4.14.30)"},
};

}  // namespace hawser::smime::pkits
