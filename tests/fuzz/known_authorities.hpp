// For the targets of answers about revocation: authorities, and whom they certify, that are the same in every run, so
// that a corpus keeps its worth; and answers signed anew, so that what is hostile in one is not always behind a
// signature that fails. Their keys are known to everybody.
#pragma once

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hawser::fuzz {

inline constexpr std::int64_t now_unix = 1'800'000'000;  // of every check; the answers of the corpora are good then

template <typename Object>
std::shared_ptr<Object> hold(Object* object, void (*free)(Object*)) {
    return std::shared_ptr<Object>(object, free);
}

template <typename Object>
std::string der_of(const Object* object, int (*encode)(const Object*, unsigned char**)) {
    unsigned char* bytes = nullptr;
    const int size = encode(object, &bytes);
    std::string der(reinterpret_cast<const char*>(bytes), size > 0 ? static_cast<std::size_t>(size) : 0);
    OPENSSL_free(bytes);
    return der;
}

template <typename Object>
Object* read_der(std::string_view der, Object* (*decode)(Object**, const unsigned char**, long)) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
    return decode(nullptr, &bytes, static_cast<long>(der.size()));
}

struct party {
    std::shared_ptr<EVP_PKEY> key;
    std::shared_ptr<X509> certificate = hold(X509_new(), &X509_free);

    // Signed by itself where there is no issuer. Extensions as in openssl.cnf.
    party(const char* name, long serial, const party* issuer, const std::vector<std::pair<int, const char*>>& more) {
        static unsigned char seed = 0;
        std::array<unsigned char, 32> secret{};
        secret.fill(++seed);
        key =
            hold(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, secret.data(), secret.size()), &EVP_PKEY_free);
        X509* made = certificate.get();
        X509_set_version(made, X509_VERSION_3);
        ASN1_INTEGER_set(X509_get_serialNumber(made), serial);
        ASN1_TIME_set_string(X509_getm_notBefore(made), "20200101000000Z");
        ASN1_TIME_set_string(X509_getm_notAfter(made), "21200101000000Z");
        X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
        const party& by = issuer == nullptr ? *this : *issuer;
        X509_set_issuer_name(made, X509_get_subject_name(by.certificate.get()));
        X509_set_pubkey(made, key.get());
        X509V3_CTX context;
        X509V3_set_ctx(&context, by.certificate.get(), made, nullptr, nullptr, 0);
        add(context, NID_subject_key_identifier, "hash");
        for (const auto& [extension, value] : more) {
            add(context, extension, value);
        }
        X509_sign(made, by.key.get(), nullptr);
    }
    std::string der() const { return der_of<X509>(certificate.get(), &i2d_X509); }

private:
    void add(X509V3_CTX& context, int kind, const char* value) {
        X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value);
        X509_add_ext(certificate.get(), extension, -1);
        X509_EXTENSION_free(extension);
    }
};

// Two authorities of one name, whose people have the same serial number.
struct authorities {
    party root{"Fuzz", 1, nullptr, {{NID_basic_constraints, "CA:true"}, {NID_key_usage, "keyCertSign,cRLSign"}}};
    party namesake{"Fuzz", 1, nullptr, {{NID_basic_constraints, "CA:true"}, {NID_key_usage, "keyCertSign,cRLSign"}}};
    party leaf{"Leaf", 7, &root, for_mail};
    party other_leaf{"Other", 7, &namesake, for_mail};
    party responder{"Responder", 9, &root, {{NID_ext_key_usage, "OCSPSigning"}, {NID_id_pkix_OCSP_noCheck, "NULL"}}};

    // Whom an answer may be signed by anew; null: it stays as it is.
    const party* signer_of(unsigned choice) const {
        const std::array<const party*, 5> all{nullptr, &root, &namesake, &leaf, &responder};
        return all[choice % all.size()];
    }

private:
    inline static const std::vector<std::pair<int, const char*>> for_mail{{NID_authority_key_identifier, "keyid"},
                                                                          {NID_key_usage, "digitalSignature"},
                                                                          {NID_ext_key_usage, "emailProtection"}};
};

inline const authorities& known() {
    static const authorities made;
    return made;
}

inline std::shared_ptr<X509_CRL> read_crl(std::string_view der) {
    return hold(read_der<X509_CRL>(der, &d2i_X509_CRL), &X509_CRL_free);
}

inline std::shared_ptr<OCSP_BASICRESP> read_basic(std::string_view der) {
    const auto whole = hold(read_der<OCSP_RESPONSE>(der, &d2i_OCSP_RESPONSE), &OCSP_RESPONSE_free);
    return hold(whole ? OCSP_response_get1_basic(whole.get()) : nullptr, &OCSP_BASICRESP_free);
}

// The same bytes where they are no such answer.
inline std::string signed_anew(std::string_view der, bool is_ocsp, const party* by) {
    std::string made(der);
    if (by == nullptr) {
        return made;
    }
    if (const auto crl = is_ocsp ? nullptr : read_crl(der)) {
        if (X509_CRL_sign(crl.get(), by->key.get(), nullptr) > 0) {
            made = der_of<X509_CRL>(crl.get(), &i2d_X509_CRL);
        }
    }
    if (const auto basic = is_ocsp ? read_basic(der) : nullptr) {
        if (OCSP_basic_sign(basic.get(), by->certificate.get(), by->key.get(), nullptr, nullptr, OCSP_NOTIME) == 1) {
            const auto whole =
                hold(OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic.get()), &OCSP_RESPONSE_free);
            made = der_of<OCSP_RESPONSE>(whole.get(), &i2d_OCSP_RESPONSE);
        }
    }
    ERR_clear_error();
    return made;
}

// Looked at apart from everything else that makes an answer good.
inline bool has_signature_of(std::string_view der, bool is_ocsp, const party& one) {
    bool is_good = false;
    if (const auto crl = is_ocsp ? nullptr : read_crl(der)) {
        is_good = X509_CRL_verify(crl.get(), one.key.get()) == 1;
    }
    if (const auto basic = is_ocsp ? read_basic(der) : nullptr) {
        is_good =
            ASN1_item_verify(ASN1_ITEM_rptr(OCSP_RESPDATA), OCSP_resp_get0_tbs_sigalg(basic.get()),
                             const_cast<ASN1_OCTET_STRING*>(OCSP_resp_get0_signature(basic.get())),
                             const_cast<OCSP_RESPDATA*>(OCSP_resp_get0_respdata(basic.get())), one.key.get()) == 1;
    }
    ERR_clear_error();
    return is_good;
}

// Whether an answer about the people of an authority is signed by it or its delegate: of the namesake there is none.
inline bool is_proof_for(std::string_view der, bool is_ocsp, const party& authority) {
    return has_signature_of(der, is_ocsp, authority) ||
           (is_ocsp && &authority == &known().root && has_signature_of(der, true, known().responder));
}

}  // namespace hawser::fuzz
