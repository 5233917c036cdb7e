#include "cms_structures.hpp"

#include <openssl/ec.h>
#include <openssl/rsa.h>

#include "name_text.hpp"

namespace hawser::smime {
namespace {

constexpr unsigned streaming_flags = CMS_STREAM | CMS_PARTIAL | CMS_BINARY;

void free_algorithms(STACK_OF(X509_ALGOR) * list) noexcept { sk_X509_ALGOR_pop_free(list, X509_ALGOR_free); }
using algorithms_pointer = std::unique_ptr<STACK_OF(X509_ALGOR), deleter<&free_algorithms>>;

// What our own decoder reads, the best first (RFC 8551 section 2.5.2).
void add_capabilities(CMS_SignerInfo* signer) {
    STACK_OF(X509_ALGOR)* list = nullptr;
    bool is_complete = true;
    for (const int nid : {NID_aes_256_gcm, NID_aes_128_gcm, NID_aes_256_cbc, NID_aes_192_cbc, NID_aes_128_cbc}) {
        is_complete = is_complete && CMS_add_simple_smimecap(&list, nid, -1) == 1;
    }
    const algorithms_pointer owner(list);
    if (!is_complete || CMS_add_smimecap(signer, list) != 1) {
        throw_openssl_failure("adding the capabilities to the signature");
    }
}

// Whether RSASSA-PSS is used. A key for RSASSA-PSS alone (RFC 4055 section 1.2) has no other way, and one of an
// elliptic curve has its own: a profile's padding is not for them, and one that was asked for by name is refused.
bool uses_pss(const EVP_PKEY* key, const seal_algorithms& algorithms) {
    const bool asks_for_pss = algorithms.padding == signature_padding::pss;
    const int kind = EVP_PKEY_get_base_id(key);
    if (kind == EVP_PKEY_RSA) {
        return asks_for_pss;
    }
    const bool needs_pss = kind == EVP_PKEY_RSA_PSS;
    if (algorithms.demands_padding && asks_for_pss && !needs_pss) {
        throw failure(
            "SignaturePadding pss is for RSA keys, and the signing certificate has another: leave SignaturePadding "
            "out, or sign with an RSA key");
    }
    if (algorithms.demands_padding && !asks_for_pss && needs_pss) {
        throw failure(
            "SignaturePadding is pkcs1, and the signing certificate's key is for RSASSA-PSS alone: leave "
            "SignaturePadding out, or sign with another RSA key");
    }
    return needs_pss;
}

void set_pss(CMS_SignerInfo* signer, const EVP_MD* digest) {
    EVP_PKEY_CTX* context = CMS_SignerInfo_get0_pkey_ctx(signer);
    if (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) != 1 ||
        EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) != 1 ||
        EVP_PKEY_CTX_set_rsa_mgf1_md(context, digest) != 1) {
        throw_openssl_failure("choosing RSASSA-PSS");
    }
    // OpenSSL writes it with its parameters when it signs, and until then could not begin to write the structure.
    X509_ALGOR* algorithm = nullptr;
    CMS_SignerInfo_get0_algs(signer, nullptr, nullptr, nullptr, &algorithm);
    if (X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_rsassaPss), V_ASN1_UNDEF, nullptr) != 1) {
        throw_openssl_failure("choosing RSASSA-PSS");
    }
}

const char* kind_of(const EVP_PKEY* key) {
    const char* name = OBJ_nid2sn(EVP_PKEY_get_base_id(key));
    return name == nullptr ? "unknown" : name;
}

void refuse_unsupported_signer(const EVP_PKEY* key) {
    const int kind = EVP_PKEY_get_base_id(key);
    if (kind != EVP_PKEY_RSA && kind != EVP_PKEY_RSA_PSS && kind != EVP_PKEY_EC) {
        throw failure(std::string("a key of the kind ") + kind_of(key) +
                      " cannot be used for signing: it is not supported by this OpenSSL's CMS; use an RSA or an "
                      "elliptic curve key");
    }
}

void refuse_unsupported_recipient(const X509* certificate, const EVP_PKEY* key) {
    const int kind = EVP_PKEY_get_base_id(key);
    if (kind == EVP_PKEY_RSA || kind == EVP_PKEY_EC) {
        return;
    }
    const std::string which = "the encryption certificate \"" + name_text(X509_get_subject_name(certificate)) +
                              "\" has a key of the kind " + kind_of(key) + ", which cannot be used for encryption: ";
    throw failure(
        which +
        (kind == EVP_PKEY_RSA_PSS ? "it is for signatures alone" : "it is not supported by this OpenSSL's CMS") +
        "; ask its owner for a certificate with an RSA or an elliptic curve key");
}

// The content key goes to RSA by the transport that was chosen, to elliptic curves by ECDH with a SHA-256 KDF
// (RFC 5753 section 7.1.4; OpenSSL's default is SHA-1).
void add_recipient(CMS_ContentInfo* cms, X509* certificate, const seal_algorithms& algorithms) {
    const EVP_PKEY* key = X509_get0_pubkey(certificate);
    if (key == nullptr) {
        throw_openssl_failure("reading a recipient's key");
    }
    refuse_unsupported_recipient(certificate, key);
    CMS_RecipientInfo* recipient = CMS_add1_recipient_cert(cms, certificate, CMS_KEY_PARAM);
    EVP_PKEY_CTX* context = recipient == nullptr ? nullptr : CMS_RecipientInfo_get0_pkey_ctx(recipient);
    if (context == nullptr) {
        throw_openssl_failure("adding a recipient");
    }
    bool is_chosen = true;
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC) {
        is_chosen = EVP_PKEY_CTX_set_ecdh_kdf_md(context, EVP_sha256()) == 1;
    } else if (algorithms.transport == key_transport::oaep) {
        is_chosen = EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
                    EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) == 1 &&
                    EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) == 1;
    }
    if (!is_chosen) {
        throw_openssl_failure("choosing how the key goes to a recipient");
    }
}

}  // namespace

cms_pointer make_signed_data(const seal_material& material, const seal_algorithms& algorithms, bool adds_certificates,
                             bool is_detached) {
    ERR_clear_error();
    refuse_unsupported_signer(material.signer->key.get());
    cms_pointer cms(CMS_sign(nullptr, nullptr, nullptr, nullptr, streaming_flags | (is_detached ? CMS_DETACHED : 0U)));
    const bool is_pss = uses_pss(material.signer->key.get(), algorithms);
    const unsigned signer_flags = streaming_flags | CMS_CADES | CMS_NOSMIMECAP | (is_pss ? CMS_KEY_PARAM : 0U) |
                                  (adds_certificates ? 0U : static_cast<unsigned>(CMS_NOCERTS));
    CMS_SignerInfo* signer =
        cms == nullptr ? nullptr
                       : CMS_add1_signer(cms.get(), material.signer->certificate.get(), material.signer->key.get(),
                                         algorithms.message_digest(), signer_flags);
    if (signer == nullptr && EVP_PKEY_get_base_id(material.signer->key.get()) == EVP_PKEY_RSA_PSS) {
        throw_openssl_failure("signing with a key for RSASSA-PSS, whose parameters do not allow the Digest " +
                              algorithms.digest + ",");
    }
    if (signer == nullptr) {
        throw_openssl_failure("preparing the signature");
    }
    if (is_pss) {
        set_pss(signer, algorithms.message_digest());
    }
    add_capabilities(signer);
    for (int i = 0; adds_certificates && i < sk_X509_num(material.signer_chain->issuers.get()); ++i) {
        if (CMS_add1_cert(cms.get(), sk_X509_value(material.signer_chain->issuers.get(), i)) != 1) {
            throw_openssl_failure("adding the chain to the signature");
        }
    }
    throw_if_memory_was_missing("preparing the signature");
    return cms;
}

cms_pointer make_enveloped_data(const seal_material& material, const seal_algorithms& algorithms,
                                const sealing_cipher& cipher) {
    ERR_clear_error();
    cms_pointer cms(algorithms.is_authenticated()
                        ? CMS_AuthEnvelopedData_create_ex(cipher.get(), cipher.library(), nullptr)
                        : CMS_EnvelopedData_create_ex(cipher.get(), cipher.library(), nullptr));
    if (!cms) {
        throw_openssl_failure("preparing the encryption");
    }
    for (int i = 0; i < sk_X509_num(material.recipients.get()); ++i) {
        add_recipient(cms.get(), sk_X509_value(material.recipients.get(), i), algorithms);
    }
    CMS_set_detached(cms.get(), 0);
    throw_if_memory_was_missing("preparing the encryption");
    return cms;
}

}  // namespace hawser::smime
