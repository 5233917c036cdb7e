#include "content_cipher.hpp"

#include <openssl/asn1t.h>

#include <algorithm>

#include "cms_structure.hpp"
#include "hawser/sdk/draft_private_keys.hpp"
#include "legacy_library.hpp"
#include "signer_description.hpp"
#include "token_key.hpp"

namespace hawser::smime {
namespace {

using algorithm_pointer = std::unique_ptr<X509_ALGOR, deleter<&X509_ALGOR_free>>;

constexpr std::size_t tag_size_min = 12;  // RFC 5084 section 3.2
constexpr std::size_t tag_size_max = 16;

struct known_cipher {
    int nid;
    const char* name;  // as the encoder's EncryptionAlgorithm has it
    bool is_authenticated, is_legacy;
};
constexpr known_cipher known_ciphers[] = {
    {NID_aes_128_cbc, "AES128", false, false},   {NID_aes_192_cbc, "AES192", false, false},
    {NID_aes_256_cbc, "AES256", false, false},   {NID_aes_128_gcm, "AES128GCM", true, false},
    {NID_aes_192_gcm, "AES192GCM", true, false}, {NID_aes_256_gcm, "AES256GCM", true, false},
    {NID_des_ede3_cbc, "DES3", false, true},     {NID_des_cbc, "DES", false, true},
    {NID_rc2_cbc, "RC2", false, true},
};

const known_cipher& find_cipher(int nid, int kind, const decode_policy& policy) {
    const auto* found = std::find_if(std::begin(known_ciphers), std::end(known_ciphers),
                                     [nid](const known_cipher& one) { return one.nid == nid; });
    if (found == std::end(known_ciphers)) {
        throw failure("the message is encrypted with " + name_of_algorithm(nid) + ", which is not supported");
    }
    if (found->is_authenticated != (kind == NID_id_smime_ct_authEnvelopedData)) {
        throw failure(std::string("the message is encrypted with ") + found->name + " in a CMS structure that is not " +
                      "for it: somebody may have changed it");
    }
    if (found->is_legacy && !policy.allows_legacy_algorithms) {
        throw failure(std::string("the message is encrypted with ") + found->name +
                      ", which is not secure any more: ask the sender for AES, or set AllowLegacyAlgorithms to true");
    }
    return *found;
}

algorithm_pointer parse_algorithm(const std::string& element) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(element.data());
    algorithm_pointer parsed(d2i_X509_ALGOR(nullptr, &bytes, static_cast<long>(element.size())));
    if (!parsed) {
        throw_openssl_failure("reading the algorithm of the encrypted content");
    }
    return parsed;
}

// GCMParameters (RFC 5084): SEQUENCE { nonce OCTET STRING, ICVlen INTEGER DEFAULT 12 }
struct gcm_parameters {
    std::string nonce;
    std::size_t tag_size = tag_size_min;
};

gcm_parameters parse_gcm_parameters(const X509_ALGOR* algorithm) {
    gcm_parameters out;
    int type = 0;
    const void* value = nullptr;
    X509_ALGOR_get0(nullptr, &type, &value, algorithm);
    if (type != V_ASN1_SEQUENCE) {
        throw failure("the encrypted content has no parameters for AES-GCM");
    }
    const auto* text = static_cast<const ASN1_STRING*>(value);
    const auto* bytes = ASN1_STRING_get0_data(text);
    std::unique_ptr<ASN1_SEQUENCE_ANY,
                    deleter<[](ASN1_SEQUENCE_ANY* all) { sk_ASN1_TYPE_pop_free(all, ASN1_TYPE_free); }>>
        all(d2i_ASN1_SEQUENCE_ANY(nullptr, &bytes, ASN1_STRING_length(text)));
    const int count = all ? sk_ASN1_TYPE_num(all.get()) : 0;
    const ASN1_TYPE* nonce = count > 0 ? sk_ASN1_TYPE_value(all.get(), 0) : nullptr;
    const ASN1_TYPE* size = count > 1 ? sk_ASN1_TYPE_value(all.get(), 1) : nullptr;
    const std::int64_t size_value =
        size != nullptr && size->type == V_ASN1_INTEGER ? ASN1_INTEGER_get(size->value.integer) : 0;
    if (nonce == nullptr || nonce->type != V_ASN1_OCTET_STRING || nonce->value.octet_string->length == 0 ||
        nonce->value.octet_string->length > 16 || count > 2 ||
        (size != nullptr && (size_value < static_cast<std::int64_t>(tag_size_min) ||
                             size_value > static_cast<std::int64_t>(tag_size_max)))) {
        ERR_clear_error();
        throw failure("the encrypted content has parameters that are none of AES-GCM (RFC 5084)");
    }
    out.nonce.assign(reinterpret_cast<const char*>(nonce->value.octet_string->data),
                     static_cast<std::size_t>(nonce->value.octet_string->length));
    out.tag_size = size == nullptr ? tag_size_min : static_cast<std::size_t>(size_value);
    return out;
}

std::string key_algorithm_name(CMS_RecipientInfo* recipient) {
    X509_ALGOR* algorithm = nullptr;
    if (CMS_RecipientInfo_type(recipient) == CMS_RECIPINFO_TRANS) {
        CMS_RecipientInfo_ktri_get0_algs(recipient, nullptr, nullptr, &algorithm);
    } else {
        CMS_RecipientInfo_kari_get0_alg(recipient, &algorithm, nullptr);
    }
    const ASN1_OBJECT* object = nullptr;
    if (algorithm != nullptr) {
        X509_ALGOR_get0(&object, nullptr, nullptr, algorithm);
    }
    return object == nullptr ? "unknown" : name_of_algorithm(OBJ_obj2nid(object));
}

bool is_for(CMS_RecipientInfo* recipient, X509* certificate) {
    if (CMS_RecipientInfo_type(recipient) == CMS_RECIPINFO_TRANS) {
        return CMS_RecipientInfo_ktri_cert_cmp(recipient, certificate) == 0;
    }
    if (CMS_RecipientInfo_type(recipient) != CMS_RECIPINFO_AGREE) {
        return false;
    }
    STACK_OF(CMS_RecipientEncryptedKey)* keys = CMS_RecipientInfo_kari_get0_reks(recipient);
    for (int i = 0; i < sk_CMS_RecipientEncryptedKey_num(keys); ++i) {
        if (CMS_RecipientEncryptedKey_cert_cmp(sk_CMS_RecipientEncryptedKey_value(keys, i), certificate) == 0) {
            return true;
        }
    }
    return false;
}

// Ours among the recipients; gives the place of both.
const decryption_identity& find_identity(CMS_ContentInfo* cms, const decode_material& material,
                                         CMS_RecipientInfo*& recipient) {
    STACK_OF(CMS_RecipientInfo)* recipients = CMS_get0_RecipientInfos(cms);
    for (int i = 0; i < sk_CMS_RecipientInfo_num(recipients); ++i) {
        recipient = sk_CMS_RecipientInfo_value(recipients, i);
        for (const decryption_identity& one : material.personal) {
            if (!is_for(recipient, one.certificate.get())) {
                continue;
            }
            return one;
        }
    }
    if (const std::string missing = material.owner ? missing_draft_keys(*material.owner) : ""; !missing.empty()) {
        throw try_later("the message is encrypted for none of the keys that are here now, and others are missing: " +
                        missing);
    }
    throw failure("the message is encrypted for " + std::to_string(sk_CMS_RecipientInfo_num(recipients)) +
                  " recipients, and none of them is one of the host's " + std::to_string(material.personal.size()) +
                  " certificates with a private key: put the right one into the personal certificates, or tell the "
                  "sender which certificate to use");
}

}  // namespace

void throw_undecipherable() {
    ERR_clear_error();
    throw failure(
        "the message cannot be decrypted: it was changed on its way, is damaged, or was encrypted with another key");
}

content_cipher::content_cipher(const envelope_elements& elements, const decode_material& material,
                               const decode_policy& policy, decode_facts& facts) {
    const algorithm_pointer algorithm = parse_algorithm(elements.algorithm);
    const ASN1_OBJECT* object = nullptr;
    X509_ALGOR_get0(&object, nullptr, nullptr, algorithm.get());
    const known_cipher& cipher = find_cipher(OBJ_obj2nid(object), elements.kind, policy);
    is_authenticated_ = cipher.is_authenticated;
    if (is_authenticated_) {
        const gcm_parameters parameters = parse_gcm_parameters(algorithm.get());
        nonce_ = parameters.nonce;
        tag_size_ = parameters.tag_size;
    }
    facts.encryption_algorithm = cipher.name;
    const bool needs_legacy_provider = cipher.is_legacy && cipher.nid != NID_des_ede3_cbc;
    open(elements, needs_legacy_provider ? legacy_library() : nullptr, material, facts);
}

void content_cipher::open(const envelope_elements& elements, OSSL_LIB_CTX* library, const decode_material& material,
                          decode_facts& facts) {
    const std::string content = der_element(ber::sequence, elements.content_type + elements.algorithm);
    const std::string tag = is_authenticated_ ? der_element(ber::octet_string, std::string(tag_size_, '\0')) : "";
    cms_ = parse_structure(elements.kind, elements.version + elements.originator + elements.recipients + content + tag,
                           "the recipients", library);
    CMS_RecipientInfo* recipient = nullptr;
    const decryption_identity& identity = find_identity(cms_.get(), material, recipient);
    facts.recipient_thumbprint = thumbprint_of(identity.certificate.get());
    facts.key_encryption_algorithm = key_algorithm_name(recipient);
    const bool is_open = CMS_decrypt_set1_pkey(cms_.get(), identity.key.get(), identity.certificate.get()) == 1;
    throw_key_failure();  // OpenSSL goes on with a random key where RSA fails, whatever the reason
    if (!is_open) {
        throw_undecipherable();
    }
    const bio_pointer nowhere(BIO_new(BIO_s_null()));
    bio_.reset(CMS_dataInit(cms_.get(), nowhere.get()));
    if (!bio_) {
        throw_undecipherable();
    }
    BIO_pop(bio_.get());  // `nowhere` is not the chain's to free
    if (BIO_get_cipher_ctx(bio_.get(), &context_) != 1 || context_ == nullptr) {
        throw_undecipherable();
    }
}

void content_cipher::begin(const std::string& tag, const std::string& attributes) {
    if (tag.size() != tag_size_) {
        throw_undecipherable();
    }
    int length = 0;
    const auto* nonce = reinterpret_cast<const unsigned char*>(nonce_.data());
    const auto* covered = reinterpret_cast<const unsigned char*>(attributes.data());
    if (EVP_CipherInit_ex(context_, nullptr, nullptr, nullptr, nonce, 0) != 1 ||
        EVP_CIPHER_CTX_ctrl(context_, EVP_CTRL_AEAD_SET_TAG, static_cast<int>(tag.size()),
                            const_cast<char*>(tag.data())) != 1 ||
        (!attributes.empty() &&
         EVP_CipherUpdate(context_, nullptr, &length, covered, static_cast<int>(attributes.size())) != 1)) {
        throw_undecipherable();
    }
}

void content_cipher::update(const char* in, std::size_t size, std::string& out) {
    int length = 0;
    out.resize(size + EVP_MAX_BLOCK_LENGTH);
    if (EVP_CipherUpdate(context_, reinterpret_cast<unsigned char*>(out.data()), &length,
                         reinterpret_cast<const unsigned char*>(in), static_cast<int>(size)) != 1) {
        throw_undecipherable();
    }
    out.resize(static_cast<std::size_t>(length));
}

void content_cipher::finish(std::string& out) {
    int length = 0;
    out.resize(EVP_MAX_BLOCK_LENGTH);
    if (EVP_CipherFinal_ex(context_, reinterpret_cast<unsigned char*>(out.data()), &length) != 1) {
        throw_undecipherable();
    }
    out.resize(static_cast<std::size_t>(length));
}

}  // namespace hawser::smime
