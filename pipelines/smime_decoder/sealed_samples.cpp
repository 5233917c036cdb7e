#include "sealed_samples.hpp"

#include <openssl/conf.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <ctime>

namespace hawser::smime::samples {
namespace {

constexpr long year = 365L * 24 * 60 * 60;

key_pointer make_key(key_kind kind) {
    switch (kind) {
    case key_kind::rsa_2048: return key_pointer(EVP_RSA_gen(2048));
    case key_kind::rsa_1024: return key_pointer(EVP_RSA_gen(1024));
    case key_kind::rsa_512: return key_pointer(EVP_RSA_gen(512));
    case key_kind::p192: return key_pointer(EVP_EC_gen("P-192"));
    case key_kind::p256: return key_pointer(EVP_EC_gen("P-256"));
    case key_kind::p384: return key_pointer(EVP_EC_gen("P-384"));
    default: return key_pointer(EVP_EC_gen("P-521"));
    }
}

void add_extension(X509* certificate, int nid, const char* value, CONF* sections = nullptr) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_nconf_nid(sections, &context, nid, value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

x509_pointer make_certificate(const std::string& name, EVP_PKEY* key, const identity* issuer) {
    static long serial = 100;
    x509_pointer made(X509_new());
    X509_set_version(made.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), year);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(made.get(), issuer == nullptr ? X509_get_subject_name(made.get())
                                                       : X509_get_subject_name(issuer->certificate.get()));
    X509_set_pubkey(made.get(), key);
    return made;
}

std::string bytes_of(BIO* from) {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(from, &bytes);
    return {bytes, static_cast<std::size_t>(size)};
}

std::string der_of(CMS_ContentInfo* cms) {
    const bio_pointer out(BIO_new(BIO_s_mem()));
    i2d_CMS_bio(out.get(), cms);
    return bytes_of(out.get());
}

void finish(CMS_ContentInfo* cms, const std::string& content, unsigned flags) {
    const bio_pointer in(BIO_new_mem_buf(content.data(), static_cast<int>(content.size())));
    if (CMS_final(cms, in.get(), nullptr, flags) != 1) {
        throw_openssl_failure("making a sample");
    }
}

}  // namespace

std::string identity::der() const {
    const bio_pointer out(BIO_new(BIO_s_mem()));
    i2d_X509_bio(out.get(), certificate.get());
    return bytes_of(out.get());
}

std::string identity::key_der() const {
    const bio_pointer out(BIO_new(BIO_s_mem()));
    i2d_PKCS8PrivateKey_bio(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    return bytes_of(out.get());
}

authority::authority(key_kind kind, const authority* above) {
    root_.name = "root.pem";
    root_.key = make_key(kind);
    root_.certificate = make_certificate(above == nullptr ? "Test Root" : "Test Intermediate", root_.key.get(),
                                         above == nullptr ? nullptr : &above->root_);
    add_extension(root_.certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
    add_extension(root_.certificate.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(root_.certificate.get(), NID_subject_key_identifier, "hash");
    X509_sign(root_.certificate.get(), (above == nullptr ? root_ : above->root_).key.get(), EVP_sha256());
}

identity authority::issue(const std::string& name, const std::string& address, key_kind kind,
                          const EVP_MD* digest) const {
    identity one;
    one.name = name + ".pem";
    one.key = make_key(kind);
    one.certificate = make_certificate(name, one.key.get(), &root_);
    finish_certificate(one.certificate.get(), address, digest);
    return one;
}

identity authority::reissue(const identity& known, const std::string& address) const {
    identity one;
    one.name = known.name;
    EVP_PKEY_up_ref(known.key.get());
    one.key.reset(known.key.get());
    one.certificate = make_certificate("", one.key.get(), &root_);
    X509_set_subject_name(one.certificate.get(), X509_get_subject_name(known.certificate.get()));
    X509_set_serialNumber(one.certificate.get(), X509_get_serialNumber(known.certificate.get()));
    finish_certificate(one.certificate.get(), address, EVP_sha256());
    return one;
}

void authority::finish_certificate(X509* certificate, const std::string& address, const EVP_MD* digest) const {
    add_extension(certificate, NID_key_usage, "critical,digitalSignature,keyEncipherment,keyAgreement");
    add_extension(certificate, NID_ext_key_usage, "emailProtection");
    add_extension(certificate, NID_subject_key_identifier, "hash");
    const std::string names = "[names]\n" + (address.find('=') == std::string::npos ? "email=" + address : address);
    const bio_pointer text(BIO_new_mem_buf(names.data(), static_cast<int>(names.size())));
    CONF* section = NCONF_new(nullptr);
    NCONF_load_bio(section, text.get(), nullptr);
    add_extension(certificate, NID_subject_alt_name, "@names", section);
    NCONF_free(section);
    X509_sign(certificate, root_.key.get(), digest);
}

std::string authority::revoke(const identity* revoked, const EVP_MD* digest) const {
    X509_CRL* crl = X509_CRL_new();
    X509_CRL_set_version(crl, X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(root_.certificate.get()));
    ASN1_TIME* now = ASN1_TIME_adj(nullptr, std::time(nullptr), 0, -60);
    ASN1_TIME* later = ASN1_TIME_adj(nullptr, std::time(nullptr), 30, 0);
    X509_CRL_set1_lastUpdate(crl, now);
    X509_CRL_set1_nextUpdate(crl, later);
    if (revoked != nullptr) {
        X509_REVOKED* entry = X509_REVOKED_new();
        X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(revoked->certificate.get()));
        X509_REVOKED_set_revocationDate(entry, now);
        X509_CRL_add0_revoked(crl, entry);
    }
    X509_CRL_sign(crl, root_.key.get(), digest);
    const bio_pointer out(BIO_new(BIO_s_mem()));
    i2d_X509_CRL_bio(out.get(), crl);
    ASN1_TIME_free(now);
    ASN1_TIME_free(later);
    X509_CRL_free(crl);
    return bytes_of(out.get());
}

std::string sign(const std::vector<const identity*>& signers, const std::string& content, bool is_detached,
                 const sign_options& options) {
    const unsigned flags = CMS_BINARY | CMS_PARTIAL | options.flags | (is_detached ? CMS_DETACHED : 0U);
    const cms_pointer cms(CMS_sign(nullptr, nullptr, nullptr, nullptr, flags));
    for (const identity* signer : signers) {
        CMS_SignerInfo* info = CMS_add1_signer(cms.get(), signer->certificate.get(), signer->key.get(), options.digest,
                                               flags | CMS_KEY_PARAM);
        if (options.scheme == padding::pss) {
            EVP_PKEY_CTX* context = CMS_SignerInfo_get0_pkey_ctx(info);
            EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING);
            EVP_PKEY_CTX_set_rsa_mgf1_md(context, options.mask == nullptr ? options.digest : options.mask);
            EVP_PKEY_CTX_set_rsa_pss_saltlen(context, options.salt_size);
        }
    }
    finish(cms.get(), content, flags);
    return der_of(cms.get());
}

std::string encrypt(const std::vector<const identity*>& recipients, const std::string& content,
                    const EVP_CIPHER* cipher, padding scheme, OSSL_LIB_CTX* library) {
    const bool is_authenticated = EVP_CIPHER_get_mode(cipher) == EVP_CIPH_GCM_MODE;
    const cms_pointer cms(is_authenticated
                              ? CMS_AuthEnvelopedData_create(cipher)
                              : CMS_encrypt_ex(nullptr, nullptr, cipher, CMS_BINARY | CMS_PARTIAL, library, nullptr));
    CMS_set_detached(cms.get(), 0);
    for (const identity* recipient : recipients) {
        CMS_RecipientInfo* info = CMS_add1_recipient_cert(cms.get(), recipient->certificate.get(), CMS_KEY_PARAM);
        if (scheme == padding::oaep) {
            EVP_PKEY_CTX_set_rsa_padding(CMS_RecipientInfo_get0_pkey_ctx(info), RSA_PKCS1_OAEP_PADDING);
            EVP_PKEY_CTX_set_rsa_oaep_md(CMS_RecipientInfo_get0_pkey_ctx(info), EVP_sha256());
        }
    }
    finish(cms.get(), content, CMS_BINARY);
    return der_of(cms.get());
}

std::string base64(const std::string& bytes) {
    std::string out(bytes.size() / 3 * 4 + 5, '\0');
    const int size =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                        reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
    out.resize(static_cast<std::size_t>(size));
    std::string lines;
    for (std::size_t at = 0; at < out.size(); at += 76) {
        lines += out.substr(at, 76) + "\r\n";
    }
    return lines;
}

std::string entity_of(const std::string& der, const std::string& smime_type) {
    return "MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; smime-type=" + smime_type +
           "; name=\"smime.p7m\"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64(der);
}

std::string clear_signed(const identity& signer, const std::string& content, const sign_options& options,
                         const std::string& micalg) {
    return "MIME-Version: 1.0\r\nContent-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; micalg=" +
           micalg + ";\r\n boundary=\"edge\"\r\n\r\n--edge\r\n" + content +
           "\r\n--edge\r\nContent-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\n"
           "Content-Transfer-Encoding: base64\r\n\r\n" +
           base64(sign({&signer}, content, true, options)) + "\r\n--edge--\r\n";
}

void furnish(test_kit::host& host, const authority& trusted, const std::vector<const identity*>& personal) {
    host.certificates[HAWSER_CERTIFICATES_TRUSTED] = {{trusted.root().der(), "", "root.pem"}};
    host.certificates[HAWSER_CERTIFICATES_CRLS] = {{trusted.revoke(nullptr), "", "root.crl"}};
    host.certificates[HAWSER_CERTIFICATES_PERSONAL] = {};
    host.certificates[HAWSER_CERTIFICATES_OTHER_PEOPLE] = {};
    host.certificates[HAWSER_CERTIFICATES_DECRYPTION] = {};
    for (const identity* one : personal) {
        host.certificates[HAWSER_CERTIFICATES_DECRYPTION].push_back({one->der(), one->key_der(), one->name});
    }
}

}  // namespace hawser::smime::samples
