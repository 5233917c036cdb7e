#include "certificates/pkcs12_content.hpp"

#include "certificates/key_derivation.hpp"

namespace hawser::engine {
namespace {

using key_info_pointer = std::unique_ptr<PKCS8_PRIV_KEY_INFO, openssl_deleter<&PKCS8_PRIV_KEY_INFO_free>>;

void free_safes(STACK_OF(PKCS7) * safes) { sk_PKCS7_pop_free(safes, PKCS7_free); }
void free_bags(STACK_OF(PKCS12_SAFEBAG) * bags) { sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free); }
using safes_pointer = std::unique_ptr<STACK_OF(PKCS7), openssl_deleter<&free_safes>>;
using bags_pointer = std::unique_ptr<STACK_OF(PKCS12_SAFEBAG), openssl_deleter<&free_bags>>;

class safe_reader {
public:
    safe_reader(const char* password, OSSL_LIB_CTX* library, pkcs12_content& into)
        : password_(password), library_(library), into_(into) {}

    pkcs12_reading read(const PKCS12* container) {
        const safes_pointer safes(PKCS12_unpack_authsafes(container));
        if (!safes) {
            return pkcs12_reading::not_decrypted;
        }
        for (int i = 0; i < sk_PKCS7_num(safes.get()) && outcome_ == pkcs12_reading::done; ++i) {
            read_safe(sk_PKCS7_value(safes.get(), i));
        }
        return outcome_;
    }

private:
    void read_safe(PKCS7* safe) {
        bags_pointer bags;
        if (PKCS7_type_is_data(safe) != 0) {
            bags.reset(PKCS12_unpack_p7data(safe));
        } else if (PKCS7_type_is_encrypted(safe) != 0) {
            if (safe->d.encrypted == nullptr || !spend(safe->d.encrypted->enc_data->algorithm)) {
                return;
            }
            bags.reset(PKCS12_unpack_p7encdata(safe, password_, -1));
        } else {
            return;  // for a public key: nothing writes it
        }
        if (bags) {
            read_bags(bags.get(), 1);
        } else {
            outcome_ = pkcs12_reading::not_decrypted;
        }
    }

    void read_bags(const STACK_OF(PKCS12_SAFEBAG) * bags, unsigned depth) {
        if (depth > pkcs12_depth_max) {
            outcome_ = pkcs12_reading::too_large;
        }
        for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags) && outcome_ == pkcs12_reading::done; ++i) {
            read_bag(sk_PKCS12_SAFEBAG_value(bags, i), depth);
        }
    }

    void read_bag(const PKCS12_SAFEBAG* bag, unsigned depth) {
        if (++bag_count_ > pkcs12_bag_count_max) {
            outcome_ = pkcs12_reading::too_large;
            return;
        }
        switch (PKCS12_SAFEBAG_get_nid(bag)) {
        case NID_keyBag: into_.keys.emplace_back(EVP_PKCS82PKEY(PKCS12_SAFEBAG_get0_p8inf(bag))); break;
        case NID_pkcs8ShroudedKeyBag: read_shrouded_key(bag); break;
        case NID_certBag:
            if (PKCS12_SAFEBAG_get_bag_nid(bag) == NID_x509Certificate) {  // else one of SDSI's
                into_.certificates.emplace_back(PKCS12_SAFEBAG_get1_cert(bag));
            }
            break;
        case NID_crlBag:
            if (PKCS12_SAFEBAG_get_bag_nid(bag) == NID_x509Crl) {
                into_.crls.emplace_back(PKCS12_SAFEBAG_get1_crl(bag));
            }
            break;
        case NID_safeContentsBag: read_bags(PKCS12_SAFEBAG_get0_safes(bag), depth + 1); break;
        default: break;  // a secret of another kind
        }
    }

    void read_shrouded_key(const PKCS12_SAFEBAG* bag) {
        const X509_ALGOR* encryption = nullptr;
        X509_SIG_get0(PKCS12_SAFEBAG_get0_pkcs8(bag), &encryption, nullptr);
        if (!spend(encryption)) {
            return;
        }
        if (const key_info_pointer info(PKCS12_decrypt_skey_ex(bag, password_, -1, library_, nullptr)); info) {
            into_.keys.emplace_back(EVP_PKCS82PKEY(info.get()));
        } else {
            outcome_ = pkcs12_reading::not_decrypted;
        }
    }

    // Each safe and key may want its own hashing of the password: what is affordable is so once.
    bool spend(const X509_ALGOR* encryption) {
        rounds_ += key_derivation_rounds(encryption);
        if (rounds_ > key_derivation_rounds_max) {
            outcome_ = pkcs12_reading::too_costly;
        }
        return outcome_ == pkcs12_reading::done;
    }

    const char* password_;
    OSSL_LIB_CTX* library_;
    pkcs12_content& into_;
    pkcs12_reading outcome_ = pkcs12_reading::done;
    std::size_t bag_count_ = 0;
    long rounds_ = 0;
};

}  // namespace

pkcs12_reading read_pkcs12(const PKCS12* container, const char* password, OSSL_LIB_CTX* library, pkcs12_content& into) {
    return safe_reader(password, library, into).read(container);
}

}  // namespace hawser::engine
