#include "certificate_check.hpp"

#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

namespace hawser::smime {
namespace {

using store_context_pointer = std::unique_ptr<X509_STORE_CTX, deleter<&X509_STORE_CTX_free>>;

std::string text_of(const BIO* out) {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(const_cast<BIO*>(out), &bytes);
    return {bytes, static_cast<std::size_t>(size)};
}

std::string subject_of(const X509* certificate) {
    const bio_pointer out(BIO_new(BIO_s_mem()));
    X509_NAME_print_ex(out.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
    return text_of(out.get());
}

std::string issuer_of(const X509* certificate) {
    const bio_pointer out(BIO_new(BIO_s_mem()));
    X509_NAME_print_ex(out.get(), X509_get_issuer_name(certificate), 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
    return text_of(out.get());
}

std::string time_of(const ASN1_TIME* time) {
    const bio_pointer out(BIO_new(BIO_s_mem()));
    ASN1_TIME_print(out.get(), time);
    return text_of(out.get());
}

// What is wrong in words, and what to do about it.
std::string explain(int code, const X509* at, certificate_purpose purpose) {
    switch (code) {
    case X509_V_ERR_CERT_HAS_EXPIRED: return "has expired on " + time_of(X509_get0_notAfter(at)) + ": get a new one";
    case X509_V_ERR_CERT_NOT_YET_VALID: return "is not valid before " + time_of(X509_get0_notBefore(at));
    case X509_V_ERR_CERT_REVOKED: return "has been revoked by its issuer: it must not be used any more";
    case X509_V_ERR_UNABLE_TO_GET_CRL:
        return "cannot be checked for revocation: there is no CRL of \"" + issuer_of(at) +
               "\"; put it into the folder of trusted certificates, or set CheckRevocationList to false";
    case X509_V_ERR_CRL_HAS_EXPIRED:
        return "cannot be checked for revocation: the CRL of \"" + issuer_of(at) +
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
        return "has no chain to a trusted certificate: the certificate of its issuer \"" + issuer_of(at) +
               "\" is missing";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        return "ends in \"" + subject_of(at) + "\", which is not among the trusted certificates";
    default: return std::string("cannot be trusted: ") + X509_verify_cert_error_string(code);
    }
}

bool has_curve_key(X509* certificate) {
    const EVP_PKEY* key = X509_get0_pubkey(certificate);
    return key != nullptr && EVP_PKEY_get_base_id(key) == EVP_PKEY_EC;
}

// OpenSSL's purpose for encryption wants keyEncipherment, which a key that only agrees on keys does not have: its chain
// is checked, and its own usage below.
int openssl_purpose(X509* certificate, certificate_purpose purpose) {
    return purpose == certificate_purpose::signing ? X509_PURPOSE_SMIME_SIGN
           : has_curve_key(certificate)            ? X509_PURPOSE_ANY
                                                   : X509_PURPOSE_SMIME_ENCRYPT;
}

// An elliptic curve key's own rules for encryption: keyAgreement (RFC 5480 section 3), and emailProtection.
bool allows_agreement(X509* certificate, certificate_purpose purpose) {
    if (purpose != certificate_purpose::encryption || !has_curve_key(certificate)) {
        return true;
    }
    return (X509_get_key_usage(certificate) & KU_KEY_AGREEMENT) != 0 &&
           (X509_get_extended_key_usage(certificate) & (XKU_SMIME | XKU_ANYEKU)) != 0;
}

}  // namespace

stack_pointer check_certificate(X509* certificate, certificate_purpose purpose, const check_context& context,
                                const std::string& name) {
    const store_context_pointer verification(X509_STORE_CTX_new());
    if (!verification ||
        X509_STORE_CTX_init(verification.get(), context.store.get(), certificate, context.intermediates.get()) != 1) {
        throw_openssl_failure("preparing the check of the certificate " + name);
    }
    X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(verification.get());
    X509_VERIFY_PARAM_set_purpose(parameters, openssl_purpose(certificate, purpose));
    X509_VERIFY_PARAM_set_flags(parameters,
                                X509_V_FLAG_PARTIAL_CHAIN);  // whatever is in the trusted folder is an anchor
    if (context.checks_revocation) {
        X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
    }
    const bool is_trusted = X509_verify_cert(verification.get()) == 1;
    if (!is_trusted || !allows_agreement(certificate, purpose)) {
        const int code = is_trusted ? X509_V_ERR_INVALID_PURPOSE : X509_STORE_CTX_get_error(verification.get());
        const X509* at = X509_STORE_CTX_get_current_cert(verification.get());
        if (at == nullptr || is_trusted) {
            at = certificate;
        }
        ERR_clear_error();
        const bool is_leaf = X509_cmp(at, certificate) == 0;
        throw failure(std::string("the ") + (purpose == certificate_purpose::signing ? "signing" : "encryption") +
                      " certificate " + name + " (" + subject_of(certificate) + ") " +
                      (is_leaf ? "" : "has the issuer \"" + subject_of(at) + "\", which ") +
                      explain(code, at, purpose));
    }
    stack_pointer chain(X509_STORE_CTX_get1_chain(verification.get()));
    if (sk_X509_num(chain.get()) > 1) {
        X509_free(sk_X509_pop(chain.get()));  // the anchor: whoever trusts it has it
    }
    if (sk_X509_num(chain.get()) > 0) {
        X509_free(sk_X509_shift(chain.get()));  // the certificate itself
    }
    return chain;
}

}  // namespace hawser::smime
