#include "signed_content.hpp"

#include <openssl/objects.h>

#include <algorithm>

#include "certificate_check.hpp"
#include "cms_structure.hpp"
#include "pss_parameters.hpp"
#include "signer_description.hpp"

namespace hawser::smime {
namespace {

constexpr int digest_algorithms_max = 16;
constexpr int signers_max = 16;
constexpr int key_bits_min = 2048;         // RFC 8551 section 4.2
constexpr int legacy_key_bits_min = 1024;  // with AllowLegacyAlgorithms

bool is_allowed_digest(int nid, const decode_policy& policy) {
    return nid == NID_sha256 || nid == NID_sha384 || nid == NID_sha512 ||
           (nid == NID_sha1 && policy.allows_legacy_algorithms);
}

int nid_of_algorithm(const X509_ALGOR* algorithm) {
    const ASN1_OBJECT* object = nullptr;
    X509_ALGOR_get0(&object, nullptr, nullptr, algorithm);
    return OBJ_obj2nid(object);
}

std::string describe_signer(CMS_SignerInfo* signer) {
    ASN1_OCTET_STRING* key_id = nullptr;
    X509_NAME* issuer = nullptr;
    ASN1_INTEGER* serial = nullptr;
    if (CMS_SignerInfo_get0_signer_id(signer, &key_id, &issuer, &serial) != 1 || issuer == nullptr) {
        return "the signer";
    }
    return "the signer whose certificate is number " + serial_of(serial) + " of \"" + name_text(issuer) + "\"";
}

[[noreturn]] void throw_invalid(const std::string& who, const std::string& what) {
    ERR_clear_error();
    throw failure("the signature of " + who + " is not valid: " + what);
}

void check_digest(int digest, const std::string& who, const decode_policy& policy) {
    if (!is_allowed_digest(digest, policy)) {
        throw failure("the signature of " + who + " uses " + name_of_algorithm(digest) +
                      (digest == NID_sha1 ? ", which is not secure any more: ask the sender for SHA-256, or set "
                                            "AllowLegacyAlgorithms to true"
                                          : ", which is not supported: SHA-256, SHA-384 and SHA-512 are"));
    }
}

// One signer: which certificate, and that nothing weak or odd is in use.
class signer_check {
public:
    signer_check(CMS_SignerInfo* signer, const decode_policy& policy) : signer_(signer), policy_(policy) {
        X509_ALGOR* digest = nullptr;
        X509_ALGOR* signature = nullptr;
        CMS_SignerInfo_get0_algs(signer, &key_, &certificate_, &digest, &signature);
        digest_ = nid_of_algorithm(digest);
        signature_algorithm_ = signature;
        signature_ = nid_of_algorithm(signature);
        who_ = describe_signer(signer);
    }

    X509* certificate() const noexcept { return certificate_; }
    int digest() const noexcept { return digest_; }
    int signature() const noexcept { return signature_; }
    const std::string& who() const noexcept { return who_; }

    void check_algorithms() {
        if (certificate_ == nullptr) {
            throw failure("the certificate of " + who_ +
                          " is neither in the message nor among the other people's: put it there");
        }
        who_ = '"' + name_text(X509_get_subject_name(certificate_)) + '"';
        if (key_ == nullptr) {  // as a DSA key whose parameters are its issuer's
            throw failure("the public key of " + who_ +
                          " cannot be used: it is of a kind, or has parameters, that this OpenSSL does not know");
        }
        check_digest(digest_, who_, policy_);
        const int bits = EVP_PKEY_get_bits(key_);
        const int needed = policy_.allows_legacy_algorithms ? legacy_key_bits_min : key_bits_min;
        if ((EVP_PKEY_is_a(key_, "RSA") != 0 || EVP_PKEY_is_a(key_, "RSA-PSS") != 0 ||
             EVP_PKEY_is_a(key_, "DSA") != 0) &&
            bits < needed) {
            throw failure("the key of " + who_ + " has " + std::to_string(bits) + " bits, at least " +
                          std::to_string(needed) + " are needed: ask the sender for a larger one");
        }
        int named_digest = NID_undef;
        int key_type = NID_undef;
        if (signature_ != NID_rsassaPss && OBJ_find_sigid_algs(signature_, &named_digest, &key_type) == 1 &&
            named_digest != NID_undef && named_digest != digest_) {
            throw_invalid(who_, "its algorithms contradict each other");
        }
    }

    void check_signature(BIO* digests) {
        const bool has_attributes = CMS_signed_get_attr_count(signer_) >= 0;
        if (has_attributes) {
            const auto* type = static_cast<const ASN1_OBJECT*>(
                CMS_signed_get0_data_by_OBJ(signer_, OBJ_nid2obj(NID_pkcs9_contentType), -3, V_ASN1_OBJECT));
            if (type == nullptr || OBJ_obj2nid(type) != NID_pkcs7_data) {
                throw_invalid(who_, "it was made for another type of content");
            }
            if (CMS_SignerInfo_verify(signer_) != 1) {
                throw_invalid(who_, "it does not belong to this key, or was changed");
            }
            if (!names_certificate(signer_, certificate_)) {
                throw_invalid(who_, "it was made with another certificate (signing-certificate-v2)");
            }
            check_pss();
        } else if (signature_ == NID_rsassaPss) {
            throw_invalid(who_, "RSASSA-PSS without signed attributes is not supported");
        }
        if (CMS_SignerInfo_verify_content(signer_, digests) != 1) {
            throw_invalid(who_, "the content was changed after it was signed");
        }
    }

private:
    void check_pss() const {
        if (signature_ != NID_rsassaPss) {
            return;
        }
        const pss_parameters used = parse_pss_parameters(signature_algorithm_);
        if (!is_allowed_digest(used.digest, policy_) || !is_allowed_digest(used.mask_digest, policy_)) {
            throw_invalid(who_, "its RSASSA-PSS uses a digest that is not allowed");
        }
        const int needed = EVP_MD_get_size(EVP_get_digestbynid(used.digest));
        if (used.salt_size < needed && !policy_.allows_legacy_algorithms) {
            throw_invalid(who_, "its RSASSA-PSS has a salt of " + std::to_string(used.salt_size) + " bytes, at least " +
                                    std::to_string(needed) +
                                    " are needed: ask the sender for them, or set AllowLegacyAlgorithms to true");
        }
    }

    CMS_SignerInfo* signer_;
    const decode_policy& policy_;
    EVP_PKEY* key_ = nullptr;
    X509* certificate_ = nullptr;
    int digest_ = NID_undef;
    const X509_ALGOR* signature_algorithm_ = nullptr;
    int signature_ = NID_undef;
    std::string who_;
};

signer_facts describe(CMS_SignerInfo* signer, const signer_check& check) {
    signer_facts facts;
    X509* certificate = check.certificate();
    facts.subject = name_text(X509_get_subject_name(certificate));
    facts.issuer = name_text(X509_get_issuer_name(certificate));
    facts.serial = serial_of(X509_get0_serialNumber(certificate));
    facts.thumbprint = thumbprint_of(certificate);
    facts.addresses = addresses_of(certificate);
    facts.signing_time = signing_time_of(signer);
    facts.digest_algorithm = name_of_algorithm(check.digest());
    facts.signature_algorithm = name_of_algorithm(check.signature());
    return facts;
}

}  // namespace

content_digests::content_digests(const std::string& digest_algorithms, const decode_policy& policy)
    : chain_(BIO_new(BIO_s_null())) {
    std::string list = digest_algorithms;
    list[0] = static_cast<char>(ber::sequence);  // OpenSSL reads the same list as a sequence
    const auto* bytes = reinterpret_cast<const unsigned char*>(list.data());
    const std::unique_ptr<X509_ALGORS, deleter<[](X509_ALGORS* all) { sk_X509_ALGOR_pop_free(all, X509_ALGOR_free); }>>
        algorithms(d2i_X509_ALGORS(nullptr, &bytes, static_cast<long>(list.size())));
    const int count = algorithms ? sk_X509_ALGOR_num(algorithms.get()) : 0;
    if (!chain_ || !algorithms || count > digest_algorithms_max) {
        ERR_clear_error();
        throw failure("the signature's list of digest algorithms is none, or too long");
    }
    std::vector<int> known;
    for (int i = 0; i < count; ++i) {
        const int nid = nid_of_algorithm(sk_X509_ALGOR_value(algorithms.get(), i));
        if (!is_allowed_digest(nid, policy) || std::find(known.begin(), known.end(), nid) != known.end()) {
            continue;
        }
        known.push_back(nid);
        bio_pointer digest(BIO_new(BIO_f_md()));
        if (!digest || BIO_set_md(digest.get(), EVP_get_digestbynid(nid)) != 1) {
            throw_openssl_failure("preparing a digest");
        }
        BIO_push(digest.get(), chain_.release());
        chain_ = std::move(digest);
    }
}

void content_digests::update(std::string_view bytes) {
    if (!bytes.empty() &&
        BIO_write(chain_.get(), bytes.data(), static_cast<int>(bytes.size())) != static_cast<int>(bytes.size())) {
        throw_openssl_failure("working out a digest");
    }
}

std::vector<int> verify_signers(const signed_elements& elements, const content_digests& digests,
                                const decode_material& material, const decode_policy& policy, decode_facts& facts) {
    const cms_pointer cms = parse_structure(NID_pkcs7_signed,
                                            elements.version + elements.digest_algorithms +
                                                der_element(ber::sequence, elements.content_type) +
                                                elements.certificates + elements.signers,
                                            "the signers");
    STACK_OF(CMS_SignerInfo)* signers = CMS_get0_SignerInfos(cms.get());
    const int count = sk_CMS_SignerInfo_num(signers);
    if (count < 1 || count > signers_max) {
        throw failure(count < 1 ? "the message has the form of a signed one, and nobody signed it"
                                : "the message has more than " + std::to_string(signers_max) + " signers");
    }
    CMS_set1_signers_certs(cms.get(), material.other_people.get(), 0);
    const stack_pointer sent_along(CMS_get1_certs(cms.get()));
    std::vector<int> used;
    std::vector<signer_facts> found;
    for (int i = 0; i < count; ++i) {
        CMS_SignerInfo* signer = sk_CMS_SignerInfo_value(signers, i);
        signer_check check(signer, policy);
        check.check_algorithms();
        check.check_signature(digests.chain());
        check_certificate(check.certificate(),
                          {.purpose = certificate_purpose::signing,
                           .checks_revocation = policy.checks_revocation,
                           .allows_legacy_algorithms = policy.allows_legacy_algorithms,
                           .sent_along = sent_along.get(),
                           .stapled = &elements.stapled,
                           .owner = material.owner ? &*material.owner : nullptr,
                           .owner_revision = material.revision},
                          *material.trust, "of the message's sender");
        used.push_back(check.digest());
        found.push_back(describe(signer, check));
    }
    facts.signers = std::move(found);
    ERR_clear_error();
    return used;
}

}  // namespace hawser::smime
